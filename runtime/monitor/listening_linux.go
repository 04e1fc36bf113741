package monitor

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// listening is one socket that accepts connections, as the kernel's sock_diag tells of it.
type listening struct {
	port    int
	inode   uint32
	waiting float64 // connections not yet accepted
	backlog float64 // how many may wait
	drops   float64 // connections turned away since it began to listen
}

// Layout of the kernel's messages, see sock_diag(7) and linux/inet_diag.h.
const (
	diagByFamily  = 20 // SOCK_DIAG_BY_FAMILY
	diagRequest   = unix.NLMSG_HDRLEN + 56
	diagMessage   = 72 // inet_diag_msg
	diagMemory    = 7  // INET_DIAG_SKMEMINFO
	diagDrops     = 8  // its ninth word
	diagAnswer    = 64 << 10
	diagStates    = 1 << tcpListen
	attributeSize = 4 // header of an attribute
)

// listeningSockets asks for the sockets of this network name space that
// listen. Unlike /proc/net/tcp and the counters of the machine it tells of each
// how many may wait and how many were turned away.
func listeningSockets() ([]listening, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written that could be lost
	patience := unix.Timeval{Sec: 1}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	var all []listening
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if all, err = listeningOf(fd, family, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// listeningOf asks for one family of addresses.
func listeningOf(fd int, family byte, all []listening) ([]listening, error) {
	var request [diagRequest]byte
	host := binary.NativeEndian
	host.PutUint32(request[0:], diagRequest)
	host.PutUint16(request[4:], diagByFamily)
	host.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := request[unix.NLMSG_HDRLEN:]
	body[0], body[1], body[2] = family, unix.IPPROTO_TCP, 1<<(diagMemory-1)
	host.PutUint32(body[4:], diagStates)
	if err := unix.Sendto(fd, request[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return all, os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, diagAnswer)
	for {
		n, _, err := unix.Recvfrom(fd, answer, 0)
		if err != nil {
			return all, os.NewSyscallError("recvfrom", err)
		}
		done := false
		if all, done, err = parseListening(answer[:n], all); err != nil || done {
			return all, err
		}
	}
}

// parseListening reads the messages of one answer; done says that it was the last.
func parseListening(text []byte, all []listening) (_ []listening, done bool, _ error) {
	host := binary.NativeEndian
	for len(text) >= unix.NLMSG_HDRLEN {
		length := int(host.Uint32(text))
		if length < unix.NLMSG_HDRLEN || length > len(text) {
			return all, true, unix.EBADMSG
		}
		switch host.Uint16(text[4:]) {
		case unix.NLMSG_DONE:
			return all, true, nil
		case unix.NLMSG_ERROR:
			return all, true, unix.EOPNOTSUPP
		}
		if m := text[unix.NLMSG_HDRLEN:length]; len(m) >= diagMessage && m[1] == tcpListen {
			all = append(all, listening{
				port: int(binary.BigEndian.Uint16(m[4:])), waiting: float64(host.Uint32(m[56:])), backlog: float64(host.Uint32(m[60:])),
				inode: host.Uint32(m[68:]), drops: dropsOf(m[diagMessage:]),
			})
		}
		text = text[min((length+3)&^3, len(text)):]
	}
	return all, false, nil
}

// dropsOf finds the number of connections turned away among a message's attributes; -1: it is not there.
func dropsOf(text []byte) float64 {
	host := binary.NativeEndian
	for len(text) >= attributeSize {
		length := int(host.Uint16(text))
		if length < attributeSize || length > len(text) {
			break
		}
		if v := text[attributeSize:length]; host.Uint16(text[2:]) == diagMemory && len(v) >= 4*(diagDrops+1) {
			return float64(host.Uint32(v[4*diagDrops:]))
		}
		text = text[min((length+3)&^3, len(text)):]
	}
	return -1
}
