#include "textflag.h"

// func Lines(memory []byte)
TEXT ·Lines(SB), NOSPLIT|NOFRAME, $0-24
	MOVQ memory_base+0(FP), AX
	MOVQ memory_len+8(FP), CX
	ADDQ AX, CX
	ANDQ $~63, AX // the line that memory begins in

line:
	CMPQ AX, CX
	JCC  done
	PREFETCHT0 (AX)
	ADDQ $64, AX
	JMP  line

done:
	RET
