package plan

import (
	"fmt"
	"strings"
)

// Output is what an unload writes.
type Output struct {
	// Folder is absolute, and made if it is missing; or s3://BUCKET/PREFIX/, with the Region and Owner of the bucket.
	Folder string `json:"folder"`
	Region string `json:"region,omitempty"`
	Owner  string `json:"owner,omitempty"`
	// PartitionBy are columns whose values become folders; they are left out of the files unless Include says otherwise.
	PartitionBy []string `json:"partition_by,omitempty"`
	Include     bool     `json:"include,omitempty"`
	// Name begins the names of all files: NAME-0000.csv.
	Name   string `json:"name"`
	Format string `json:"format"` // parquet, csv or jsonl
	// Compressed keeps the files compressed as they are staged (Zstandard; Parquet is what it is in any case).
	Compressed bool `json:"compressed,omitempty"`
	// Header is the first line of every CSV file.
	Header []string `json:"header,omitempty"`
}

// InS3 tells whether the files become objects.
func (o *Output) InS3() bool { return strings.HasPrefix(o.Folder, "s3://") }

// Bucket is the URL of the bucket that the objects go into.
func (o *Output) Bucket() string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(o.Folder, "s3://"), "/")
	return "s3://" + bucket
}

// HeadLines is how many lines of names there are in n objects as UNLOAD writes them: its manifest counts them as records.
func (o *Output) HeadLines(n int) int64 {
	if o.InS3() && o.Format == "csv" {
		return int64(n)
	}
	return 0 // written by us, or none
}

// FileName is the name of the file for an object of the stage, by its number.
func (o *Output) FileName(number int) string {
	name := fmt.Sprintf("%s-%04d.%s", o.Name, number, o.Format)
	if o.Compressed {
		name += ".zst"
	}
	return name
}
