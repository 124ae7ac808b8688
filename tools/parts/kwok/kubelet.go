package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// kubelet answers what an API server asks a kubelet, for the pods of all nodes.
type kubelet struct {
	api kubernetes.Interface
}

// serveKubelet listens on address and answers until the process ends. The folder holds kubelet.crt and kubelet.key, ca.crt,
// whose signature a caller's certificate must bear, and kwok.kubeconfig.
func serveKubelet(ctx context.Context, address, folder string) error {
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return err
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(folder, "kubelet.crt"), filepath.Join(folder, "kubelet.key"))
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(folder, "kwok.kubeconfig"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 500, 1000
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	callers := x509.NewCertPool()
	callers.AppendCertsFromPEM(authority)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           (&kubelet{api}).routes(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		TLSConfig: &tls.Config{
			MinVersion:   tls.VersionTLS13,
			Certificates: []tls.Certificate{own},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    callers,
			// SPDY upgrades need HTTP/1.1.
			NextProtos: []string{"http/1.1"},
		},
	}
	go func() {
		fmt.Fprintf(os.Stderr, "kubelet: %v\n", server.ServeTLS(listener, "", ""))
		os.Exit(1)
	}()
	return nil
}

func (k *kubelet) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", k.exec)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "kwok's pods do not simulate "+r.URL.Path, http.StatusNotImplemented)
	})
	return mux
}

// refusal is an answer that is not 200.
type refusal struct {
	code    int
	message string
}

func (r refusal) Error() string { return r.message }

func refuse(w http.ResponseWriter, err error) {
	known := refusal{http.StatusInternalServerError, err.Error()}
	errors.As(err, &known)
	http.Error(w, known.message, known.code)
}

func (k *kubelet) pod(ctx context.Context, namespace, name string) (*v1.Pod, error) {
	pod, err := k.api.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, refusal{http.StatusNotFound, fmt.Sprintf("pod %q not found", name)}
	}
	return pod, err
}

// statusOf finds what the pod says of one of its containers.
func statusOf(pod *v1.Pod, container string) (v1.ContainerStatus, bool) {
	all := slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses, pod.Status.EphemeralContainerStatuses)
	at := slices.IndexFunc(all, func(s v1.ContainerStatus) bool { return s.Name == container })
	if at < 0 {
		return v1.ContainerStatus{}, false
	}
	return all[at], true
}

func specOf(pod *v1.Pod, container string) (v1.Container, bool) {
	all := slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers)
	for _, extra := range pod.Spec.EphemeralContainers {
		all = append(all, v1.Container(extra.EphemeralContainerCommon))
	}
	at := slices.IndexFunc(all, func(c v1.Container) bool { return c.Name == container })
	if at < 0 {
		return v1.Container{}, false
	}
	return all[at], true
}

func (k *kubelet) logs(w http.ResponseWriter, r *http.Request) {
	wanted, err := logOptionsOf(r)
	if err != nil {
		refuse(w, refusal{http.StatusBadRequest, err.Error()})
		return
	}
	pod, err := k.pod(r.Context(), r.PathValue("namespace"), r.PathValue("pod"))
	if err != nil {
		refuse(w, err)
		return
	}
	name := r.PathValue("container")
	run, err := runOf(pod, name, wanted.previous)
	if err != nil {
		refuse(w, err)
		return
	}
	box, err := k.newBox(r.Context(), pod, name)
	if err != nil {
		refuse(w, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if wanted.follow && run.end.IsZero() {
		go k.cancelAtEnd(ctx, cancel, pod, name, run.id)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	writeLog(ctx, w, box, run, wanted)
}

// cancelAtEnd cancels once this run of the container is over.
func (k *kubelet) cancelAtEnd(ctx context.Context, cancel context.CancelFunc, pod *v1.Pod, container, id string) {
	defer cancel()
	for ctx.Err() == nil {
		time.Sleep(500 * time.Millisecond)
		now, err := k.pod(ctx, pod.Namespace, pod.Name)
		if err != nil || now.UID != pod.UID {
			return
		}
		if status, _ := statusOf(now, container); status.State.Running == nil || status.ContainerID != id {
			return
		}
	}
}

func (k *kubelet) exec(w http.ResponseWriter, r *http.Request) {
	streams, err := remotecommand.NewOptions(r)
	if err != nil {
		refuse(w, refusal{http.StatusBadRequest, err.Error()})
		return
	}
	pod, err := k.pod(r.Context(), r.PathValue("namespace"), r.PathValue("pod"))
	if err != nil {
		refuse(w, err)
		return
	}
	name := r.PathValue("container")
	if status, found := statusOf(pod, name); !found || status.State.Running == nil {
		refuse(w, fmt.Errorf("container not found (%q)", name))
		return
	}
	box, err := k.newBox(r.Context(), pod, name)
	if err != nil {
		refuse(w, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	remotecommand.ServeExec(&hangUp{w, cancel}, r.WithContext(ctx), box, pod.Name, string(pod.UID), name, r.URL.Query()["command"], streams,
		4*time.Hour, 30*time.Second, remotecommand.SupportedStreamingProtocols)
}

// hangUp ends a command when its caller is gone: once a connection is taken over, its request's context no longer says so.
type hangUp struct {
	http.ResponseWriter
	gone context.CancelFunc
}

func (h *hangUp) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := buffered.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	watched := &watchedConn{connection, io.MultiReader(bytes.NewReader(early), connection), h.gone}
	return watched, bufio.NewReadWriter(bufio.NewReader(watched), bufio.NewWriter(watched)), nil
}

type watchedConn struct {
	net.Conn
	from io.Reader
	gone context.CancelFunc
}

func (c *watchedConn) Read(into []byte) (int, error) {
	read, err := c.from.Read(into)
	if err != nil {
		c.gone()
	}
	return read, err
}

func (c *watchedConn) Close() error {
	c.gone()
	return c.Conn.Close()
}

type logOptions struct {
	follow, previous, timestamps bool
	since                        time.Time
	tail, limit                  int64 // negative: all
}

func logOptionsOf(r *http.Request) (logOptions, error) {
	query := r.URL.Query()
	options := logOptions{tail: -1, limit: -1}
	var problems []error
	flag := func(name string, to *bool) {
		if text := query.Get(name); text != "" {
			value, err := strconv.ParseBool(text)
			*to, problems = value, append(problems, err)
		}
	}
	number := func(name string, to *int64) {
		if text := query.Get(name); text != "" {
			value, err := strconv.ParseInt(text, 10, 64)
			*to, problems = value, append(problems, err)
		}
	}
	flag("follow", &options.follow)
	flag("previous", &options.previous)
	flag("timestamps", &options.timestamps)
	number("tailLines", &options.tail)
	number("limitBytes", &options.limit)
	seconds := int64(-1)
	number("sinceSeconds", &seconds)
	if seconds >= 0 {
		options.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		value, err := time.Parse(time.RFC3339, text)
		options.since, problems = value, append(problems, err)
	}
	return options, errors.Join(problems...)
}
