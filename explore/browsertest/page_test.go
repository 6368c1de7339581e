package browsertest

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

const duplicate = `map hash entries=8 value=8
keys 4 1
walk dump room=1 cpu=0
task other cpu=1: delete 1
contract no-duplicates
`

// browser finds a browser, or skips the test where none is and none must be.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const why = "no browser: apt-get install chromium"
	require.Empty(t, os.Getenv("BPFSIM_REQUIRE_TOOLS"), why)
	t.Skip(why)
	return ""
}

// tab is an open page and the complaints that the browser had about it.
type tab struct {
	t          *testing.T
	ctx        context.Context
	mu         sync.Mutex
	complaints []string // exceptions, console messages and what the browser logs
}

// open shows the page at an address in a browser that finds no network.
func open(t *testing.T, address string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	page := &tab{t: t}
	page.ctx, end = chromedp.NewContext(allocator)
	t.Cleanup(end)
	require.NoError(t, chromedp.Listen(page.ctx, page.listen))
	page.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(address))
	return page
}

// written writes the page of a run to a file and returns its address.
func written(t *testing.T, scenario, schedule string) string {
	t.Helper()
	s, err := explore.Parse(scenario)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "page.html")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, explore.WritePage(file, s, schedule))
	require.NoError(t, file.Close())
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, "log: "+e.Entry.Text)
	}
}

func (p *tab) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complaints
}

// do acts on the page.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, actions...))
}

// get is what a question to the page is answered.
func get[T any](p *tab, question chromedp.Action[T]) T {
	p.t.Helper()
	answer, err := chromedp.Run(p.ctx, question)
	require.NoError(p.t, err)
	return answer
}

func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	return get(p, chromedp.Evaluate[T](expression))
}

// text is what a reader sees of an element.
func (p *tab) text(id chromedp.ID) string {
	p.t.Helper()
	return strings.Join(strings.Fields(get(p, chromedp.Text(id))), " ")
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func TestSteppingForwardChangesThePicture(t *testing.T) {
	page := open(t, written(t, duplicate, "23:other"))
	seen, said := map[string]int{}, page.text("said")
	require.Equal(t, "Start Before the first step", said)
	seen[string(get(page, chromedp.CaptureScreenshot()))] = 0
	steps := eval[int](page, `document.querySelectorAll(".step").length`)
	require.Equal(t, 40, steps)
	for i := range steps {
		page.do(click("#next"))
		next := page.text("said")
		require.NotEqual(t, said, next)
		said = next
		picture := string(get(page, chromedp.CaptureScreenshot()))
		require.NotContains(t, seen, picture, "step %d looks like another one", i)
		seen[picture] = i + 1
	}
	require.True(t, eval[bool](page, `document.getElementById("next").disabled`))
	require.Equal(t, "✗ no-duplicates broken: key 4 was returned 2 times", page.text("verdict"))
	require.Equal(t, page.text("verdict"), page.text("end"))
	require.Equal(t, "call 0 4=1 call 1 1=2 call 2 4=1 again", page.text("records"))
	require.Empty(t, page.heard())
}

func TestEveryControl(t *testing.T) {
	page := open(t, written(t, duplicate, "23:other"))
	for _, c := range []struct {
		what string
		do   chromedp.Action[chromedp.Void]
		want string
	}{
		{"last", click("#last"), "step 39 of 39"},
		{"prev", click("#prev"), "step 38 of 39"},
		{"first", click("#first"), "start"},
		{"right", chromedp.KeyEvent(kb.ArrowRight), "step 0 of 39"},
		{"right again", chromedp.KeyEvent(kb.ArrowRight), "step 1 of 39"},
		{"left", chromedp.KeyEvent(kb.ArrowLeft), "step 0 of 39"},
		{"end", chromedp.KeyEvent(kb.End), "step 39 of 39"},
		{"past the end", chromedp.KeyEvent(kb.ArrowRight), "step 39 of 39"},
		{"home", chromedp.KeyEvent(kb.Home), "start"},
		{"a step", click(`.step[data-step="5"]`), "step 5 of 39"},
		{"slider", chromedp.Evaluate[chromedp.Void](`slider.value = 26; slider.dispatchEvent(new Event("input"))`), "step 25 of 39"},
	} {
		page.do(c.do)
		require.Equal(t, c.want, page.text("at"), c.what)
	}
	require.Contains(t, page.text("map"), "bucket 3 1 ◀ cursor: this key is gone")
	require.Empty(t, page.heard())
}

// The page fits the window, and its lanes stand in it whole.
func TestPageFitsTheWindow(t *testing.T) {
	page := open(t, written(t, duplicate, "23:other"))
	page.do(click("#last"))
	require.False(t, eval[bool](page, `document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight`))
	require.False(t, eval[bool](page, `time.scrollWidth > time.clientWidth`))
	require.Equal(t, "polite", eval[string](page, `said.getAttribute("aria-live")`))
	require.True(t, eval[bool](page, `[...document.querySelectorAll("button")].every(b => b.textContent || b.getAttribute("aria-label"))`))
}

// The listener that finds no fault with the page is not deaf.
func TestScriptErrorsAreHeard(t *testing.T) {
	page := open(t, "data:text/html,<script>console.log(1); absent()</script>")
	require.Equal(t, []string{"console: log", "exception: Uncaught"}, page.heard())
}
