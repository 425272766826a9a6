package transfer

import (
	"context"
	"io"

	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

// create begins an object of an UNLOAD, client-side encrypted if the statement brought a master key.
func create(ctx context.Context, store Store, master *envelope.MasterKey, bucket, key string, enc Encryption) (ObjectWriter, error) {
	if master == nil {
		return store.Create(ctx, bucket, key, enc, nil)
	}
	w := &sealedWriter{begin: func(meta map[string]string) (ObjectWriter, error) { return store.Create(ctx, bucket, key, enc, meta) }}
	var err error
	w.envelope, err = master.NewWriter(writerFunc(w.put))
	return w, err
}

// sealedSize is how large an object of n bytes becomes.
func sealedSize(n int64) int64 { return n + 16 - n%16 }

// heldBack is how much of an encrypted object is kept before it is begun. Metadata go ahead of the bytes, and those of an
// object that is put in one piece tell its length.
const heldBack = 5 << 20

// sealedWriter encrypts an object.
type sealedWriter struct {
	envelope *envelope.Writer
	begin    func(meta map[string]string) (ObjectWriter, error)
	held     []byte
	object   ObjectWriter // nil until it is begun
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (w *sealedWriter) Write(p []byte) (int, error) { return w.envelope.Write(p) }

// put takes encrypted bytes.
func (w *sealedWriter) put(p []byte) (int, error) {
	if w.object != nil {
		return w.object.Write(p)
	}
	w.held = append(w.held, p...)
	if len(w.held) <= heldBack {
		return len(p), nil
	}
	return len(p), w.start(false)
}

func (w *sealedWriter) start(whole bool) (err error) {
	if w.object, err = w.begin(w.envelope.Meta(whole)); err != nil {
		return err
	}
	_, err = w.object.Write(w.held)
	w.held = nil
	return err
}

// Commit completes the object.
func (w *sealedWriter) Commit(ctx context.Context) error {
	err := w.envelope.Close()
	if err == nil && w.object == nil {
		err = w.start(true)
	}
	switch {
	case err == nil:
		return w.object.Commit(ctx)
	case w.object != nil:
		_ = w.object.Abort(context.WithoutCancel(ctx)) // the error that led here is the one to report
	}
	return err
}

// Abort gives the object up.
func (w *sealedWriter) Abort(ctx context.Context) error {
	if w.object == nil {
		return nil
	}
	return w.object.Abort(ctx)
}

// unsealed decrypts what r reads of an object with this metadata, if the statement brought a master key.
func unsealed(master *envelope.MasterKey, r io.ReadCloser, info ObjectInfo) (io.ReadCloser, error) {
	if master == nil {
		return r, nil
	}
	plain, err := master.NewReader(r, info.Meta)
	if err != nil {
		return nil, err
	}
	return both{plain, r.Close}, nil
}
