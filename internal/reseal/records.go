package reseal

import "bytes"

// Records counts the records of text that UNLOAD wrote with ESCAPE, as COPY with ESCAPE reads them: lines, but for those whose end
// a backslash takes the meaning from (DG r_UNLOAD). The zero value is ready.
type Records struct {
	ended   int64
	begun   bool // something stands behind the last end
	escaped bool // a backslash was the last byte, and nothing takes the meaning from it
}

// Write never fails.
func (r *Records) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if r.escaped {
			r.escaped, b = false, b[1:]
			continue
		}
		i := bytes.IndexByte(b, '\n')
		line := b
		if i >= 0 {
			line = b[:i]
		}
		if e := bytes.IndexByte(line, '\\'); e >= 0 {
			r.begun, r.escaped, b = true, true, b[e+1:]
			continue
		}
		if i < 0 {
			r.begun = true
			break
		}
		r.ended++
		r.begun, b = false, b[i+1:]
	}
	return n, nil
}

// N is how many records there were. The last one counts also where its end is missing.
func (r *Records) N() int64 {
	if r.begun {
		return r.ended + 1
	}
	return r.ended
}
