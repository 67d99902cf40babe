// A static TLS client that trusts what the system trusts: the program that people put on a distroless image.
//
//	client connect ADDRESS NAME   make a TLS connection, verify the chain, print the subject of its root
//	client verify FILE...         verify certificates (PEM) against the system's roots, print their subjects
//
// It exits with 1 and the reason on standard error where a chain does not verify.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: %s connect ADDRESS NAME | verify FILE...", os.Args[0]))
	}
	switch os.Args[1] {
	case "connect":
		connect(os.Args[2], os.Args[3])
	case "verify":
		for _, path := range os.Args[2:] {
			verify(path)
		}
	default:
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
}

func connect(address, name string) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	// No RootCAs: the system's own bundle decides.
	connection, err := tls.DialWithDialer(&dialer, "tcp", address, &tls.Config{ServerName: name})
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	chain := connection.ConnectionState().VerifiedChains[0]
	fmt.Printf("%d certificates, root %s\n", len(chain), chain[len(chain)-1].Subject)
}

func verify(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		fail(fmt.Errorf("%s: no PEM", path))
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		fail(err)
	}
	options := x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := certificate.Verify(options); err != nil {
		fail(err)
	}
	fmt.Printf("verified %s\n", certificate.Subject)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
