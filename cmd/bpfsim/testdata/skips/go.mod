module skips

go 1.23
