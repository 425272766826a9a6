// Package s3 is the stand-in's S3: buckets of several accounts, objects that are really encrypted on disk, bucket
// policies that are really evaluated.
//
// Start at Service. HTTP requests enter at ServeHTTP; the stand-in's warehouses call As and use the Caller it answers.
// Both take the same road from there: find the bucket, evaluate policies, get or open the data key in the caller's name,
// stream. The package knows policies (package policy), who calls (package iam) and keys (package kms) only through the
// few methods it names in Options; it knows nothing of warehouses.
//
// The wire protocol of objects and parts (reading with ranges, writing, deleting, beginning and aborting uploads) is
// gofakes3's, see carried.go. Gofakes3 has no encryption, no policies, no checksums and few conditions, so those are put
// around it. What it would not answer faithfully is answered here:
//
//   - Buckets: it refuses names with short labels, ignores the location constraint, deletes full buckets when a header
//     asks for it, and its versioning document says too much.
//   - Listings: it does not know encoding-type=url, without which XML cannot carry every key; it leaves out KeyCount 0;
//     its version listing has another root element and no common prefixes.
//   - CompleteMultipartUpload, ListParts: it drops the checksums, of each part and of the whole.
//   - CopyObject, UploadPartCopy: it has no versions of the source, and merges metadata where S3 replaces it.
//   - DeleteObjects: its answer cannot say that a delete marker was made.
//   - Empty parts, which it refuses, and the version "null", which it takes for no version.
//   - All other subresources, which it does not know.
//   - Error documents: its list of codes ends long before S3's, and everything else becomes a 500.
package s3
