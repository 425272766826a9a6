package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text whose hash is signed.
func canonicalRequest(r *http.Request, signedHeaders []string, payload, service string, presigned bool) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	b.WriteString(canonicalPath(r.URL, service) + "\n")
	b.WriteString(canonicalQuery(r.URL.RawQuery, presigned) + "\n")
	for _, name := range signedHeaders {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + payload)
	return b.String()
}

// canonicalPath encodes the path once and as it is for S3, whose keys may hold "//" and ".."; for all other services the
// path is normalised and what was sent is encoded once more.
func canonicalPath(u *url.URL, service string) string {
	if service == s3 {
		return encode(cmp.Or(u.Path, "/"), true)
	}
	sent := u.EscapedPath()
	clean := path.Clean("/" + sent)
	if strings.HasSuffix(sent, "/") && clean != "/" {
		clean += "/"
	}
	return encode(clean, true)
}

func canonicalQuery(raw string, presigned bool) string {
	var pairs []string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, value = decode(name), decode(value)
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		// A NUL sorts below everything, so that "a" comes before "a-b" whatever their values are.
		pairs = append(pairs, encode(name, false)+"\x00"+encode(value, false))
	}
	slices.Sort(pairs)
	return strings.ReplaceAll(strings.Join(pairs, "&"), "\x00", "=")
}

func decode(text string) string {
	if s, err := url.QueryUnescape(text); err == nil {
		return s
	}
	return text
}

// headerValue gives the value of a signed header. net/http takes some headers out of the map.
func headerValue(r *http.Request, name string) string {
	var values []string
	switch name {
	case "host":
		values = []string{r.Host}
	case "content-length":
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case "transfer-encoding":
		values = r.TransferEncoding
	default:
		values = r.Header.Values(name)
	}
	trimmed := make([]string, 0, len(values))
	for _, v := range values {
		trimmed = append(trimmed, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(trimmed, ",")
}

// encode is AWS's UriEncode: everything but the unreserved characters, in upper-case hex.
func encode(text string, keepSlash bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}
