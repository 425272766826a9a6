package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

// partSize is how much of an object the warehouses write before it becomes a multipart upload, and the size of its parts.
const partSize = 16 << 20
