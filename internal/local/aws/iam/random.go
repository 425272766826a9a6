package iam

import (
	"crypto/rand"
	"encoding/base64"
)

// randomText makes n characters of the alphabet of AWS's unique ids.
func randomText(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return keyAlphabet.EncodeToString(raw)[:n]
}

// randomSecret makes a secret access key: 40 characters. A slash is kept out of none of AWS's, and so of none of ours:
// clients that forget to escape it should fail here, too.
func randomSecret() string {
	raw := make([]byte, 30)
	rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}
