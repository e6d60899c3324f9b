package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// connection is one TLS connection on which the same request is asked again and again. It does as
// little as it can: the load must not be what is measured.
type connection struct {
	tls     *tls.Conn
	request []byte
	buffer  []byte
}

func dial(address *url.URL, authority []byte, body []byte) (*connection, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("the certificate authority cannot be read")
	}
	raw, err := net.Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(raw, &tls.Config{
		RootCAs: roots, ServerName: address.Hostname(), MinVersion: tls.VersionTLS13})
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	head := fmt.Sprintf("POST %s?timeout=5s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		address.Path, address.Host, len(body))
	return &connection{secure, append([]byte(head), body...), make([]byte, 64*1024)}, nil
}

// ask returns the answer's body, which is valid until the next call.
func (c *connection) ask() ([]byte, error) {
	if _, err := c.tls.Write(c.request); err != nil {
		return nil, err
	}
	filled := 0
	for {
		read, err := c.tls.Read(c.buffer[filled:])
		if err != nil {
			return nil, err
		}
		filled += read
		head, body, found := bytes.Cut(c.buffer[:filled], []byte("\r\n\r\n"))
		if !found {
			continue
		}
		length, err := contentLength(head)
		if err != nil {
			return nil, err
		}
		if len(head)+4+length > len(c.buffer) {
			return nil, fmt.Errorf("an answer of %d bytes is too long", length)
		}
		if len(body) >= length {
			return body[:length], nil
		}
	}
}

func contentLength(head []byte) (int, error) {
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the server answers %.60q", head)
	}
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if found && bytes.EqualFold(name, []byte("Content-Length")) {
			return strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	return 0, fmt.Errorf("the answer has no Content-Length: %.200q", head)
}
