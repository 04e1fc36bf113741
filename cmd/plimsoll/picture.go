package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
)

// pngHead is the length of a PNG's signature and of its first chunk, behind which any other may stand.
const pngHead = 8 + 25

// writePNG writes the picture of a run with a mark, by which it is known as one that may be written again.
func writePNG(w io.Writer, run *report.Run) error {
	var picture bytes.Buffer
	if err := report.PNG(&picture, run); err != nil {
		return err
	}
	text := picture.Bytes()
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(cli.PNGMark)-4)) // of its data, without the type
	chunk = append(chunk, cli.PNGMark...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(cli.PNGMark)))
	for _, part := range [][]byte{text[:pngHead], chunk, text[pngHead:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
