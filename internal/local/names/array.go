package names

import "encoding/binary"

// An array in the binary format: the number of dimensions, whether there is a NULL and the type of its elements, four bytes each;
// how many elements each dimension has and where it begins; then for each element its length, -1 for NULL, and its bytes.
const (
	arrayHeader    = 12
	arrayDimension = 8
)

// texts are the types whose elements are texts: name, text, bpchar and varchar.
var texts = map[uint32]bool{19: true, 25: true, 1042: true, 1043: true}

// array is Value for a value that is no text: an array of texts in the binary format, or something that is left alone.
func (r *Registry) array(value []byte) (long []byte, changed bool) {
	if len(value) < arrayHeader || !texts[binary.BigEndian.Uint32(value[8:])] {
		return nil, false
	}
	dimensions := binary.BigEndian.Uint32(value)
	if dimensions > 6 || len(value) < arrayHeader+arrayDimension*int(dimensions) { // PostgreSQL's arrays have six at most
		return nil, false
	}
	start := arrayHeader + arrayDimension*int(dimensions)
	long = append(long, value[:start]...)
	for rest := value[start:]; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, false
		}
		n := int(int32(binary.BigEndian.Uint32(rest)))
		if n < 0 {
			long = append(long, rest[:4]...)
			rest = rest[4:]
			continue
		}
		if n > len(rest)-4 {
			return nil, false
		}
		element := rest[4 : 4+n]
		rest = rest[4+n:]
		if replaced := r.expand(element, true); replaced != nil {
			element, changed = replaced, true
		}
		long = binary.BigEndian.AppendUint32(long, uint32(len(element)))
		long = append(long, element...)
	}
	return long, changed
}
