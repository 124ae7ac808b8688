package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validity = 5 * 365 * 24 * time.Hour

// certificates writes what the parts of one cluster know each other by: `ca.crt`, a key pair signed by it for the API server,
// for the kubelets and for the API server when it calls a kubelet, and the key that signs service accounts' tokens. The
// authority's own key is never written: nothing more can be signed in its name.
func certificates(folder string) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	authority := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "kubernetes-ca"},
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if err := issue(folder, "ca", authority, authority, key, key); err != nil {
		return err
	}
	here := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for name, wanted := range map[string]*x509.Certificate{
		"apiserver": {
			Subject:     pkix.Name{CommonName: "kube-apiserver"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
			IPAddresses: here,
		},
		"kubelet": {
			Subject:     pkix.Name{CommonName: "system:nodes", Organization: []string{"system:nodes"}},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			DNSNames:    []string{"localhost"},
			IPAddresses: here,
		},
		"apiserver-kubelet-client": {
			Subject:     pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"system:masters"}},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		},
	} {
		own, err := newKey()
		if err != nil {
			return err
		}
		wanted.KeyUsage = x509.KeyUsageDigitalSignature
		if err := issue(folder, name, wanted, authority, own, key); err != nil {
			return err
		}
		if err := keep(folder, name+".key", own); err != nil {
			return err
		}
	}
	tokens, err := newKey()
	if err != nil {
		return err
	}
	return keep(folder, "service-accounts.key", tokens)
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func issue(folder, name string, wanted, issuer *x509.Certificate, own, signer crypto.Signer) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	wanted.SerialNumber = serial
	wanted.NotBefore = time.Now().Add(-time.Hour)
	wanted.NotAfter = time.Now().Add(validity)
	signed, err := x509.CreateCertificate(rand.Reader, wanted, issuer, own.Public(), signer)
	if err != nil {
		return err
	}
	return write(folder, name+".crt", "CERTIFICATE", signed)
}

func keep(folder, file string, key *ecdsa.PrivateKey) error {
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return write(folder, file, "EC PRIVATE KEY", encoded)
}

func write(folder, file, kind string, content []byte) error {
	return os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
