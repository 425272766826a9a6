package s3_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sealift/sealift/internal/local/aws/s3"
)

// zeros is a body of any length that takes no memory. It watches how much the process takes while it is read: client
// and stand-in together.
type zeros struct {
	left int64
	peak *uint64
	next int64
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), z.left))
	clear(p[:n])
	z.left -= int64(n)
	if z.peak != nil && z.left <= z.next {
		z.next = z.left - 4<<20
		watch(z.peak)
	}
	return n, nil
}

func watch(peak *uint64) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*peak = max(*peak, m.HeapInuse)
}

// watched is a writer that watches.
type watched struct {
	peak *uint64
	n    int64
}

func (w *watched) Write(p []byte) (int, error) {
	if w.n>>22 != (w.n+int64(len(p)))>>22 {
		watch(w.peak)
	}
	w.n += int64(len(p))
	return len(p), nil
}

func putZeros(ctx context.Context, client *s3sdk.Client, bucket, arn string, size int64, peak *uint64) error {
	in := &s3sdk.PutObjectInput{Bucket: &bucket, Key: awssdk.String("put"), Body: &zeros{left: size, next: size, peak: peak}, ContentLength: &size}
	underKey(arn)(in)
	_, err := client.PutObject(ctx, in)
	return err
}

func getAll(ctx context.Context, client *s3sdk.Client, bucket, key string, to io.Writer) error {
	out, err := client.GetObject(ctx, &s3sdk.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, out.Body)
	return errors.Join(err, out.Body.Close())
}

func writeZeros(ctx context.Context, caller *s3.Caller, bucket, arn string, size int64, peak *uint64) error {
	out, err := caller.Create(ctx, s3.PutInput{Bucket: bucket, Key: "written", Encryption: underKMS(arn)})
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{out}, &zeros{left: size, next: size, peak: peak}, make([]byte, 256<<10)); err != nil {
		return errors.Join(err, out.Abort(ctx))
	}
	_, err = out.Commit(ctx)
	return err
}

func readObject(ctx context.Context, caller *s3.Caller, bucket string, to io.Writer) error {
	o, err := caller.GetObject(ctx, s3.GetInput{Bucket: bucket, Key: "written"})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, o.Body)
	return errors.Join(err, o.Body.Close())
}

// Memory does not grow with the size of objects, whichever way they come and go. Not parallel: it watches the process.
func TestFlatMemory(t *testing.T) { //nolint:paralleltest // see above
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	const size = 256 << 20
	for _, c := range []struct {
		name string
		run  func(peak *uint64) error
	}{
		{"put", func(peak *uint64) error { return putZeros(t.Context(), w.s3(), b, arn, size, peak) }},
		{"get", func(peak *uint64) error { return getAll(t.Context(), w.s3(), b, "put", &watched{peak: peak}) }},
		{"write", func(peak *uint64) error { return writeZeros(t.Context(), w.admin(), b, arn, size, peak) }},
		{"read", func(peak *uint64) error { return readObject(t.Context(), w.admin(), b, &watched{peak: peak}) }},
	} {
		var before, peak uint64
		runtime.GC()
		watch(&before)
		if err := c.run(&peak); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if grown := int64(peak) - int64(before); grown > 32<<20 || peak == 0 {
			t.Errorf("%s of %d MiB: memory grew by %d MiB", c.name, size>>20, grown>>20)
		}
	}
}

// BenchmarkObject moves 1 GiB per round: over TLS by a client, and inside the stand-in as warehouses do.
func BenchmarkObject(b *testing.B) {
	w := newWorld(b)
	bucket := w.bucket("corp-stage")
	arn := w.key()
	const size = 1 << 30
	for _, c := range []struct {
		name string
		run  func(peak *uint64) error
	}{
		{"put", func(peak *uint64) error { return putZeros(b.Context(), w.s3(), bucket, arn, size, peak) }},
		{"get", func(peak *uint64) error { return getAll(b.Context(), w.s3(), bucket, "put", &watched{peak: peak}) }},
		{"write", func(peak *uint64) error { return writeZeros(b.Context(), w.admin(), bucket, arn, size, peak) }},
		{"read", func(peak *uint64) error { return readObject(b.Context(), w.admin(), bucket, &watched{peak: peak}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var peak uint64
			b.SetBytes(size)
			for b.Loop() {
				if err := c.run(&peak); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(peak)/(1<<20), "MiB-heap")
		})
	}
}

// BenchmarkSmall puts and gets objects of 1 kB: what a copy of many small tables does.
func BenchmarkSmall(b *testing.B) {
	w := newWorld(b)
	bucket := w.bucket("corp-stage")
	caller := w.admin()
	arn := w.key()
	for b.Loop() {
		out, err := caller.Create(b.Context(), s3.PutInput{Bucket: bucket, Key: "k", Encryption: underKMS(arn)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := out.Write(make([]byte, 1000)); err != nil {
			b.Fatal(err)
		}
		if _, err := out.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
		o, err := caller.GetObject(b.Context(), s3.GetInput{Bucket: bucket, Key: "k"})
		if err != nil {
			b.Fatal(err)
		}
		readAll(b, o.Body)
	}
}
