package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

const (
	folderMode = fs.ModeDir | 0o755
	notFound   = 127
)

// ExecInContainer runs a command for `kubectl exec`.
func (b *box) ExecInContainer(ctx context.Context, _, _, _ string, command []string, in io.Reader, out, errOut io.WriteCloser,
	tty bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if !b.knows(command) {
		return fmt.Errorf("exec: %q: executable file not found in $PATH", strings.Join(command, " "))
	}
	var code int
	if tty {
		code = b.interact(ctx, command, in, out)
	} else {
		code = b.execute(ctx, command, in, out, errOut)
	}
	if code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", code), Code: code}
	}
	return nil
}

// knows says whether the box has the program of this command.
func (b *box) knows(command []string) bool {
	return len(command) > 0 && (isShell(command[0]) || programs[path.Base(command[0])] != nil)
}

func isShell(program string) bool {
	return slices.Contains([]string{"sh", "ash", "bash"}, path.Base(program))
}

// execute runs a command to its end and gives its exit code.
func (b *box) execute(ctx context.Context, command []string, in io.Reader, out, errOut io.Writer) int {
	if out == nil {
		out = io.Discard
	}
	if errOut == nil {
		errOut = io.Discard
	}
	script, words, err := scriptOf(command, in)
	if err != nil {
		return codeOf(err, errOut)
	}
	if script == in {
		// The shell alone reads it: what it runs would take away its next lines.
		in = nil
	}
	runner, err := interp.New(
		interp.Env(expand.ListEnviron(b.variables()...)), interp.Dir("/"), interp.StdIO(in, out, errOut),
		interp.Params(append([]string{"--"}, words...)...),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return b.call }),
		interp.OpenHandler(b.open), interp.StatHandler(b.stat), interp.ReadDirHandler2(b.readDir),
		interp.AccessHandler(func(context.Context, string, interp.AccessMode) error { return nil }),
	)
	if err != nil {
		return codeOf(err, errOut)
	}
	return codeOf(each(ctx, runner, script), errOut)
}

// scriptOf gives what a command means to a shell, and the words that are $1, $2 … to it: the program itself, the script after
// `-c`, or what comes on the input.
func scriptOf(command []string, in io.Reader) (io.Reader, []string, error) {
	if !isShell(command[0]) {
		var line strings.Builder
		for _, word := range command {
			quoted, err := syntax.Quote(word, syntax.LangPOSIX)
			if err != nil {
				return nil, nil, err
			}
			line.WriteString(quoted + " ")
		}
		return strings.NewReader(line.String()), nil, nil
	}
	words := command[1:]
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		if strings.HasSuffix(words[0], "c") && len(words) > 1 {
			return strings.NewReader(words[1]), words[min(3, len(words)):], nil
		}
		words = words[1:]
	}
	if in == nil {
		in = strings.NewReader("")
	}
	return in, words, nil
}

// each runs line by line, so that what was right is done before what is wrong is found, and who types sees it at once.
func each(ctx context.Context, runner *interp.Runner, script io.Reader) error {
	parser := syntax.NewParser(syntax.Variant(syntax.LangPOSIX))
	var last error
	for statements, err := range parser.InteractiveSeq(io.MultiReader(script, strings.NewReader("\n"))) {
		if err != nil {
			return err
		}
		if parser.Incomplete() {
			continue
		}
		for _, statement := range statements {
			last = runner.Run(ctx, statement)
			if runner.Exited() || ctx.Err() != nil {
				return last
			}
		}
	}
	return last
}

func codeOf(err error, errOut io.Writer) int {
	var status interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(errOut, "sh: %v\n", err)
	return 2
}

// interact is a shell at a terminal, or one command whose output goes to one.
func (b *box) interact(ctx context.Context, command []string, in io.Reader, out io.Writer) int {
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "/ # ")
	if !isShell(command[0]) || len(command) > 1 || in == nil {
		return b.execute(ctx, command, nil, terminal, terminal)
	}
	return b.execute(ctx, command, &typed{terminal: terminal}, terminal, terminal)
}

// typed is what somebody types: the terminal asks for a line only when the shell wants one.
type typed struct {
	terminal *term.Terminal
	rest     string
}

func (t *typed) Read(into []byte) (int, error) {
	if t.rest == "" {
		line, err := t.terminal.ReadLine()
		if err != nil {
			return 0, err
		}
		t.rest = line + "\n"
	}
	taken := copy(into, t.rest)
	t.rest = t.rest[taken:]
	return taken, nil
}

// call runs a program that is no part of the shell itself.
func (b *box) call(ctx context.Context, words []string) error {
	here := interp.HandlerCtx(ctx)
	program := programs[path.Base(words[0])]
	if isShell(words[0]) {
		program = shell
	}
	if program == nil {
		fmt.Fprintf(here.Stderr, "sh: %s: not found\n", words[0])
		return interp.ExitStatus(notFound)
	}
	if code := program(ctx, b, here, words[1:]); code != 0 {
		return interp.ExitStatus(code)
	}
	return nil
}

func shell(ctx context.Context, b *box, here interp.HandlerContext, words []string) int {
	return b.execute(ctx, append([]string{"sh"}, words...), here.Stdin, here.Stdout, here.Stderr)
}

func inside(name string) string {
	if name = strings.TrimPrefix(path.Clean(name), "/"); name == "" {
		return "."
	}
	return name
}

func (b *box) open(_ context.Context, name string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	if name == "/dev/null" {
		return &file{Reader: strings.NewReader("")}, nil
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		content, err := fs.ReadFile(b.files, inside(name))
		if err != nil {
			return nil, err
		}
		return &file{Reader: bytes.NewReader(content)}, nil
	}
	if info, err := fs.Stat(b.files, inside(path.Dir(name))); err != nil || !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	before := ""
	if old, there := b.files[inside(name)]; there && flag&os.O_APPEND != 0 {
		before = string(old.Data)
	}
	written := &file{Reader: strings.NewReader("")}
	written.keep = func(content string) { b.write(name, before+content) }
	written.keep("")
	return written, nil
}

func (b *box) stat(_ context.Context, name string, _ bool) (fs.FileInfo, error) {
	return fs.Stat(b.files, inside(name))
}

func (b *box) readDir(_ context.Context, name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(b.files, inside(name))
}

// file is an open file of a box; what is written is kept for as long as the command runs.
type file struct {
	io.Reader
	content strings.Builder
	keep    func(string)
}

func (f *file) Write(text []byte) (int, error) {
	f.content.Write(text)
	if f.keep != nil {
		f.keep(f.content.String())
	}
	return len(text), nil
}

func (f *file) Close() error { return nil }
