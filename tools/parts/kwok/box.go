package main

import (
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// clock is the present for logs that are being written, the past for those that are written again.
type clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration)
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) Sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// box is what a program in a container can see: environment, files and a clock; nothing of this machine.
type box struct {
	pod     *v1.Pod
	spec    v1.Container
	env     map[string]string
	files   fstest.MapFS
	command []string
	clock   clock
}

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// newBox reads from the cluster what the pod's container gets: ConfigMaps and Secrets as variables and files.
func (k *kubelet) newBox(ctx context.Context, pod *v1.Pod, container string) (*box, error) {
	spec, found := specOf(pod, container)
	if !found {
		return nil, fmt.Errorf("container not found (%q)", container)
	}
	made := &box{pod: pod, spec: spec, clock: wallClock{}, env: map[string]string{
		"PATH":     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME":     "/root",
		"HOSTNAME": pod.Name,
	}}
	made.files = fstest.MapFS{}
	made.write("/etc/hostname", pod.Name+"\n")
	made.write("/etc/hosts", fmt.Sprintf("127.0.0.1\tlocalhost\n%s\t%s\n", pod.Status.PodIP, pod.Name))
	made.write("/etc/os-release", "NAME=\"kwok\"\nPRETTY_NAME=\"kwok (runs no containers)\"\nID=kwok\n")
	made.write("/var/run/secrets/kubernetes.io/serviceaccount/namespace", pod.Namespace)
	made.files["tmp"] = &fstest.MapFile{Mode: folderMode}
	made.files["root"] = &fstest.MapFile{Mode: folderMode}
	k.setVariables(ctx, made)
	k.mount(ctx, made)
	for _, word := range slices.Concat(spec.Command, spec.Args) {
		made.command = append(made.command, made.expand(word))
	}
	return made, nil
}

func (b *box) write(file, content string) {
	b.files[strings.TrimPrefix(path.Clean(file), "/")] = &fstest.MapFile{Data: []byte(content), Mode: 0o644, ModTime: b.clock.Now()}
}

func (b *box) expand(text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if value, known := b.env[found[2:len(found)-1]]; known {
			return value
		}
		return found
	})
}

func (b *box) variables() []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(b.env)) {
		lines = append(lines, name+"="+b.env[name])
	}
	return lines
}

func (k *kubelet) setVariables(ctx context.Context, made *box) {
	for _, from := range made.spec.EnvFrom {
		var all map[string]string
		if from.ConfigMapRef != nil {
			all = k.configMap(ctx, made.pod.Namespace, from.ConfigMapRef.Name)
		}
		if from.SecretRef != nil {
			all = k.secret(ctx, made.pod.Namespace, from.SecretRef.Name)
		}
		for name, value := range all {
			made.env[from.Prefix+name] = value
		}
	}
	for _, variable := range made.spec.Env {
		if variable.ValueFrom == nil {
			made.env[variable.Name] = made.expand(variable.Value)
			continue
		}
		if value, found := k.valueFrom(ctx, made.pod, variable.ValueFrom); found {
			made.env[variable.Name] = value
		}
	}
}

func (k *kubelet) valueFrom(ctx context.Context, pod *v1.Pod, source *v1.EnvVarSource) (string, bool) {
	switch {
	case source.ConfigMapKeyRef != nil:
		value, found := k.configMap(ctx, pod.Namespace, source.ConfigMapKeyRef.Name)[source.ConfigMapKeyRef.Key]
		return value, found
	case source.SecretKeyRef != nil:
		value, found := k.secret(ctx, pod.Namespace, source.SecretKeyRef.Name)[source.SecretKeyRef.Key]
		return value, found
	case source.FieldRef != nil:
		return fieldOf(pod, source.FieldRef.FieldPath)
	}
	return "", false
}

func fieldOf(pod *v1.Pod, field string) (string, bool) {
	known := fields.Set{
		"metadata.name":           pod.Name,
		"metadata.namespace":      pod.Namespace,
		"metadata.uid":            string(pod.UID),
		"spec.nodeName":           pod.Spec.NodeName,
		"spec.serviceAccountName": pod.Spec.ServiceAccountName,
		"status.hostIP":           pod.Status.HostIP,
		"status.podIP":            pod.Status.PodIP,
	}
	for name, value := range pod.Labels {
		known[fmt.Sprintf("metadata.labels['%s']", name)] = value
	}
	for name, value := range pod.Annotations {
		known[fmt.Sprintf("metadata.annotations['%s']", name)] = value
	}
	value, found := known[field]
	return value, found
}

// mount puts ConfigMaps and Secrets where the container has them as volumes.
func (k *kubelet) mount(ctx context.Context, made *box) {
	for _, place := range made.spec.VolumeMounts {
		at := slices.IndexFunc(made.pod.Spec.Volumes, func(v v1.Volume) bool { return v.Name == place.Name })
		if at < 0 {
			continue
		}
		volume := made.pod.Spec.Volumes[at]
		var content map[string]string
		var items []v1.KeyToPath
		if volume.ConfigMap != nil {
			content, items = k.configMap(ctx, made.pod.Namespace, volume.ConfigMap.Name), volume.ConfigMap.Items
		}
		if volume.Secret != nil {
			content, items = k.secret(ctx, made.pod.Namespace, volume.Secret.SecretName), volume.Secret.Items
		}
		if len(items) == 0 {
			for _, key := range slices.Sorted(maps.Keys(content)) {
				items = append(items, v1.KeyToPath{Key: key, Path: key})
			}
		}
		for _, item := range items {
			switch place.SubPath {
			case "":
				made.write(path.Join(place.MountPath, item.Path), content[item.Key])
			case item.Path:
				made.write(place.MountPath, content[item.Key])
			}
		}
	}
}

// configMap and secret give nothing for one that is not there: the pod runs already, so a real kubelet had found it.
func (k *kubelet) configMap(ctx context.Context, namespace, name string) map[string]string {
	found, err := k.api.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return found.Data
}

func (k *kubelet) secret(ctx context.Context, namespace, name string) map[string]string {
	found, err := k.api.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	content := map[string]string{}
	for key, value := range found.Data {
		content[key] = string(value)
	}
	return content
}
