package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// programs are what a box has besides the shell's own (echo, printf, test, cd, true, false …).
var programs map[string]func(ctx context.Context, b *box, here interp.HandlerContext, words []string) int

func init() {
	programs = map[string]func(context.Context, *box, interp.HandlerContext, []string) int{
		"cat":  cat,
		"date": date,
		"env":  environment,
		"hostname": func(_ context.Context, b *box, here interp.HandlerContext, _ []string) int {
			return say(here, b.pod.Name)
		},
		"id": func(_ context.Context, _ *box, here interp.HandlerContext, _ []string) int {
			return say(here, "uid=0(root) gid=0(root) groups=0(root)")
		},
		"ls":       list,
		"printenv": environment,
		"ps":       processes,
		"sleep":    sleep,
		"uname": func(_ context.Context, _ *box, here interp.HandlerContext, _ []string) int {
			return say(here, "Linux (simulated by kwok)")
		},
		"whoami": func(_ context.Context, _ *box, here interp.HandlerContext, _ []string) int { return say(here, "root") },
	}
	// The shell runs these itself; a container may also be told to run them directly.
	for _, name := range []string{"echo", "false", "printf", "pwd", "test", "true"} {
		programs[name] = builtin
	}
}

func builtin(context.Context, *box, interp.HandlerContext, []string) int {
	return notFound
}

func say(here interp.HandlerContext, text string) int {
	fmt.Fprintln(here.Stdout, text)
	return 0
}

func complain(here interp.HandlerContext, format string, values ...any) int {
	fmt.Fprintf(here.Stderr, format+"\n", values...)
	return 1
}

func cat(_ context.Context, b *box, here interp.HandlerContext, words []string) int {
	if len(words) == 0 {
		words = []string{"-"}
	}
	code := 0
	for _, word := range words {
		if word == "-" {
			if here.Stdin != nil {
				_, _ = io.Copy(here.Stdout, here.Stdin)
			}
			continue
		}
		content, err := fs.ReadFile(b.files, inside(absolute(here, word)))
		if err != nil {
			code = complain(here, "cat: can't open '%s': No such file or directory", word)
			continue
		}
		_, _ = here.Stdout.Write(content)
	}
	return code
}

func absolute(here interp.HandlerContext, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(here.Dir, name)
}

func date(_ context.Context, b *box, here interp.HandlerContext, words []string) int {
	layouts := map[string]string{"+%s": "", "-Iseconds": time.RFC3339, "+%FT%TZ": "2006-01-02T15:04:05Z", "+%T": time.TimeOnly}
	now := b.clock.Now().UTC()
	if len(words) == 0 {
		return say(here, now.Format(time.UnixDate))
	}
	layout, known := layouts[words[len(words)-1]]
	if !known {
		return complain(here, "date: this one knows +%%s, +%%T, +%%FT%%TZ and -Iseconds")
	}
	if layout == "" {
		return say(here, strconv.FormatInt(now.Unix(), 10))
	}
	return say(here, now.Format(layout))
}

func environment(_ context.Context, _ *box, here interp.HandlerContext, words []string) int {
	if len(words) > 0 {
		found := here.Env.Get(words[0])
		if !found.IsSet() {
			return 1
		}
		return say(here, found.String())
	}
	for name, variable := range here.Env.Each {
		if variable.Exported {
			fmt.Fprintf(here.Stdout, "%s=%s\n", name, variable.String())
		}
	}
	return 0
}

func list(_ context.Context, b *box, here interp.HandlerContext, words []string) int {
	code, asked := 0, []string{}
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			asked = append(asked, word)
		}
	}
	if len(asked) == 0 {
		asked = []string{"."}
	}
	for _, word := range asked {
		name := inside(absolute(here, word))
		info, err := fs.Stat(b.files, name)
		if err != nil {
			code = complain(here, "ls: %s: No such file or directory", word)
			continue
		}
		if !info.IsDir() {
			say(here, word)
			continue
		}
		entries, _ := fs.ReadDir(b.files, name)
		for _, entry := range entries {
			say(here, entry.Name())
		}
	}
	return code
}

func processes(_ context.Context, b *box, here interp.HandlerContext, _ []string) int {
	command := strings.Join(b.command, " ")
	if command == "" {
		command = b.spec.Image
	}
	return say(here, "PID   USER     TIME  COMMAND\n    1 root      0:00 "+command)
}

func sleep(ctx context.Context, b *box, here interp.HandlerContext, words []string) int {
	total := time.Duration(0)
	for _, word := range words {
		if word == "infinity" {
			word = "8760h"
		}
		if _, err := strconv.ParseFloat(word, 64); err == nil {
			word += "s"
		}
		each, err := time.ParseDuration(word)
		if err != nil {
			return complain(here, "sleep: invalid number '%s'", word)
		}
		total += each
	}
	b.clock.Sleep(ctx, total)
	return 0
}
