package ingest

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"sync/atomic"

	"partnerhub/domain"
	"partnerhub/store"
)

const (
	maxLine    = 64 << 10 // bytes without the line end
	keptOfLong = 4 << 10  // of a longer line, to show it among the rejected ones
	blockSize  = 1 << 20
)

// lines reads NDJSON, plain or gzip, line by line. Memory does not grow with the length of a line.
type lines struct {
	in      *bufio.Reader
	decoder *Decoder
	read    *atomic.Int64 // bytes of the source, before decompression
	no      int64         // of the latest line, from 1
	block   []byte        // where lines are kept; a full one is left to its lines
}

// newLines looks at the first bytes of a stream: gzip is known by its magic, or announced. maxBytes bounds what comes out
// of it, 0 not at all. The error is that of reading, or CodeInvalid for a bad gzip header.
func newLines(r io.Reader, maxBytes int64, announced bool) (*lines, error) {
	l := &lines{decoder: NewDecoder(), read: new(atomic.Int64)}
	source := bufio.NewReaderSize(countingReader{r, l.read}, maxLine+2)
	magic, err := source.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	packed := announced || bytes.Equal(magic, []byte{0x1f, 0x8b})
	if !packed && maxBytes <= 0 {
		l.in = source
		return l, nil
	}
	var plain io.Reader = source
	if packed {
		z, err := gzip.NewReader(source)
		if err != nil {
			return nil, gzipError(err)
		}
		plain = gzipReader{z}
	}
	if maxBytes > 0 {
		plain = &boundedReader{in: plain, most: maxBytes, left: maxBytes}
	}
	l.in = bufio.NewReaderSize(plain, maxLine+2)
	return l, nil
}

// next decodes the next line that is not blank. The error is io.EOF at the end, or that of reading.
func (l *lines) next() (store.Line, error) {
	for {
		line, err := l.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return store.Line{}, err // what was read of the line may be half of it
		}
		if len(line) == 0 {
			return store.Line{}, err
		}
		l.no++
		if errors.Is(err, bufio.ErrBufferFull) {
			return l.tooLong(line)
		}
		if l.no == 1 {
			line = bytes.TrimPrefix(line, []byte("\uFEFF")) // some programs on Windows begin a file with it
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(bytes.TrimLeft(line, " \t\r")) == 0 {
			continue
		}
		if len(line) > maxLine {
			return l.long(line), nil
		}
		out := store.Line{No: l.no, Raw: l.keep(line)}
		out.Event, out.Err = l.decoder.Decode(out.Raw)
		return out, nil
	}
}

// tooLong passes over the rest of a line of which the reader's memory holds the beginning.
func (l *lines) tooLong(begin []byte) (store.Line, error) {
	out := l.long(begin)
	for {
		switch _, err := l.in.ReadSlice('\n'); {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil || errors.Is(err, io.EOF):
			return out, nil
		default:
			return store.Line{}, err
		}
	}
}

func (l *lines) long(begin []byte) store.Line {
	return store.Line{No: l.no, Raw: l.keep(begin[:keptOfLong]), Err: domain.Errorf(domain.CodeTooLarge, "", "the line is longer than %d bytes", maxLine)}
}

// keep copies a line to where it is not written to again: events share its memory.
func (l *lines) keep(line []byte) []byte {
	if cap(l.block)-len(l.block) < len(line) {
		l.block = make([]byte, 0, blockSize)
	}
	from := len(l.block)
	l.block = append(l.block, line...)
	return l.block[from:len(l.block):len(l.block)]
}

type countingReader struct {
	in io.Reader
	n  *atomic.Int64
}

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// gzipReader says of what it cannot decompress that the input is wrong.
type gzipReader struct{ in *gzip.Reader }

func (g gzipReader) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = gzipError(err)
	}
	return n, err
}

func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &corrupt) {
		return domain.Invalid("body", "not valid gzip: %v", err)
	}
	return err // of the source
}

// boundedReader ends with CodeTooLarge where more than most bytes come.
type boundedReader struct {
	in         io.Reader
	most, left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, domain.Errorf(domain.CodeTooLarge, "body", "more than %d bytes of events", b.most)
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left+1)]) // one more tells too many from just enough
	b.left -= int64(n)
	if b.left < 0 {
		n--
		err = nil // the next call says so
	}
	return n, err
}
