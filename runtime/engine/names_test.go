package engine_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// resolver knows one name, and its addresses in this order.
func resolver(t *testing.T, name string, addrs ...string) *net.Resolver {
	t.Helper()
	var parsed []netip.Addr
	for _, a := range addrs {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = ours.Close() }()
			for answerName(ours, name+".", parsed) == nil {
				continue
			}
		}()
		return theirs, nil
	}}
}

// answerName answers one question on a stream (RFC 1035, 4.2.2).
func answerName(c net.Conn, name string, addrs []netip.Addr) error {
	var length [2]byte
	if _, err := io.ReadFull(c, length[:]); err != nil {
		return err
	}
	asked := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(c, asked); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(asked); err != nil {
		return err
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	if q.Name.String() != name {
		m.RCode = dnsmessage.RCodeNameError
		addrs = nil
	}
	for _, a := range addrs {
		header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
		switch {
		case q.Type == dnsmessage.TypeA && a.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case q.Type == dnsmessage.TypeAAAA && a.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	out, err := m.AppendPack(make([]byte, len(length)))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint16(out, uint16(len(out)-len(length)))
	_, err = c.Write(out)
	return err
}
