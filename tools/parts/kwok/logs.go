package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
)

// A container's log is not kept: each time it is asked for, what the container runs is run again in its box, on a clock that
// begins when the container did and that a sleep moves on at once, until the clock shows the present. Who follows waits
// from there on. A container that runs what the box does not have writes made-up lines, always the same.

// patience bounds how long one replay may keep a processor busy.
const patience = 5 * time.Second

// run is one life of a container; the end is zero while it runs.
type run struct {
	id         string
	begin, end time.Time
	exitCode   int32
	reason     string
}

// runOf finds the life whose log is meant, or says, as a kubelet does, why there is none.
func runOf(pod *v1.Pod, container string, previous bool) (run, error) {
	status, found := statusOf(pod, container)
	if !found {
		return run{}, refusal{http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is not available", container, pod.Name)}
	}
	last := status.LastTerminationState.Terminated
	if previous {
		if last == nil {
			return run{}, refusal{http.StatusBadRequest,
				fmt.Sprintf("previous terminated container %q in pod %q not found", container, pod.Name)}
		}
		return ended(last), nil
	}
	switch state := status.State; {
	case state.Running != nil:
		return run{id: status.ContainerID, begin: state.Running.StartedAt.Time}, nil
	case state.Terminated != nil:
		return ended(state.Terminated), nil
	case last != nil:
		return ended(last), nil
	case state.Waiting != nil:
		return run{}, refusal{http.StatusBadRequest,
			fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, pod.Name, waiting(state.Waiting.Reason))}
	}
	return run{}, refusal{http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is not available", container, pod.Name)}
}

func ended(state *v1.ContainerStateTerminated) run {
	return run{state.ContainerID, state.StartedAt.Time, state.FinishedAt.Time, state.ExitCode, state.Reason}
}

func waiting(reason string) string {
	switch reason {
	case "ErrImagePull":
		return "image can't be pulled"
	case "ImagePullBackOff":
		return "trying and failing to pull image"
	}
	return reason
}

// writeLog writes what the box's container wrote in this life, as far as it is wanted.
func writeLog(ctx context.Context, w io.Writer, box *box, life run, wanted logOptions) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := &lineLog{to: w, wanted: wanted, cancel: cancel}
	clock := &replay{now: life.begin, life: life, follow: wanted.follow, caughtUp: lines.flush, cancel: cancel}
	clock.busy = time.AfterFunc(patience, cancel)
	defer clock.busy.Stop()
	lines.clock = clock
	box.clock = clock
	if box.knows(box.command) {
		box.execute(ctx, box.command, nil, lines, lines)
	} else {
		pretend(ctx, box, life, lines)
	}
	lines.finish()
	if wanted.follow && life.end.IsZero() {
		<-ctx.Done()
	}
}

// pretend writes what a small web service might: the same lines each time, so that a log that is read twice agrees.
func pretend(ctx context.Context, box *box, life run, out io.Writer) {
	fmt.Fprintf(out, "%s: kwok runs no containers; the lines of this log are made up\n", box.spec.Image)
	for _, port := range box.spec.Ports {
		fmt.Fprintf(out, "listening on :%d\n", port.ContainerPort)
	}
	paths := []string{"/", "/healthz", "/api/items", "/api/items/42", "/healthz", "/metrics"}
	for n := 0; ctx.Err() == nil; n++ {
		seed := fnv.New32a()
		fmt.Fprintf(seed, "%s %d", life.id, n)
		chance := seed.Sum32()
		wait := time.Duration(1+chance%8) * time.Second
		if !life.end.IsZero() && box.clock.Now().Add(wait).After(life.end) {
			break
		}
		box.clock.Sleep(ctx, wait)
		if ctx.Err() == nil {
			fmt.Fprintf(out, "GET %s 200 %d.%dms\n", paths[chance>>8%uint32(len(paths))], chance>>16%40, chance>>24%10)
		}
	}
	if life.exitCode != 0 {
		fmt.Fprintf(out, "fatal: %s, exit code %d\n", life.reason, life.exitCode)
	}
}

// replay is the clock of a container's life that is run again.
type replay struct {
	lock     sync.Mutex
	now      time.Time
	over     bool
	life     run
	follow   bool
	caughtUp func()
	busy     *time.Timer
	cancel   context.CancelFunc
}

func (c *replay) Now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.now
}

func (c *replay) Sleep(ctx context.Context, d time.Duration) {
	ahead := c.move(d)
	if ahead <= 0 {
		return
	}
	if !c.follow {
		c.cancel()
		return
	}
	c.caughtUp()
	c.busy.Stop()
	select {
	case <-ctx.Done():
	case <-time.After(ahead):
	}
	c.busy.Reset(patience)
}

// move sets the clock and says how far in the future it is then. A life that is over has no time after its end.
func (c *replay) move(d time.Duration) time.Duration {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.now = c.now.Add(d)
	ahead := time.Until(c.now)
	if !c.life.end.IsZero() && c.now.After(c.life.end) {
		c.over = true
		c.cancel()
		return 0
	}
	c.over = c.over || (ahead > 0 && !c.follow)
	return ahead
}

// writing gives the time of what is written now, and whether it is part of the log at all.
func (c *replay) writing() (time.Time, bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.now, !c.over
}

// lineLog takes what a program writes, line by line. Until it is flushed it holds back, since only then the last lines are known.
type lineLog struct {
	to      io.Writer
	lock    sync.Mutex
	clock   *replay
	wanted  logOptions
	cancel  context.CancelFunc
	part    []byte
	held    [][]byte
	live    bool
	written int64
}

func (l *lineLog) Write(text []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.part = append(l.part, text...)
	for {
		at := bytes.IndexByte(l.part, '\n')
		if at < 0 {
			return len(text), nil
		}
		l.take(l.part[:at+1])
		l.part = l.part[at+1:]
	}
}

func (l *lineLog) take(line []byte) {
	at, counts := l.clock.writing()
	if !counts || at.Before(l.wanted.since) {
		return
	}
	text := bytes.Clone(line)
	if l.wanted.timestamps {
		text = append([]byte(at.UTC().Format(time.RFC3339Nano)+" "), text...)
	}
	if l.live {
		l.put(text)
		return
	}
	l.held = append(l.held, text)
	if excess := int64(len(l.held)) - l.wanted.tail; l.wanted.tail >= 0 && excess > 0 {
		l.held = l.held[excess:]
	}
}

// flush is what the clock calls when it has come to the present.
func (l *lineLog) flush() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.release()
}

func (l *lineLog) release() {
	for _, line := range l.held {
		l.put(line)
	}
	l.held, l.live = nil, true
	if flusher, can := l.to.(http.Flusher); can {
		flusher.Flush()
	}
}

func (l *lineLog) finish() {
	l.lock.Lock()
	defer l.lock.Unlock()
	if len(l.part) > 0 {
		l.take(l.part)
		l.part = nil
	}
	l.release()
}

func (l *lineLog) put(line []byte) {
	if left := l.wanted.limit - l.written; l.wanted.limit >= 0 && int64(len(line)) >= left {
		line = line[:max(left, 0)]
		defer l.cancel()
	}
	l.written += int64(len(line))
	if _, err := l.to.Write(line); err != nil {
		l.cancel()
	}
	if flusher, can := l.to.(http.Flusher); can && l.live {
		flusher.Flush()
	}
}
