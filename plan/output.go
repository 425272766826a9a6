package plan

import "fmt"

// Output is what an unload writes.
type Output struct {
	Folder string `json:"folder"` // absolute; it is made if it is missing
	// Name begins the names of all files: NAME-0000.csv.
	Name   string `json:"name"`
	Format string `json:"format"` // parquet, csv or jsonl
	// Compressed keeps the files compressed as they are staged (Zstandard; Parquet is what it is in any case).
	Compressed bool `json:"compressed,omitempty"`
	// Header is the first line of every CSV file.
	Header []string `json:"header,omitempty"`
}

// FileName is the name of the file for an object of the stage, by its number.
func (o *Output) FileName(number int) string {
	name := fmt.Sprintf("%s-%04d.%s", o.Name, number, o.Format)
	if o.Compressed {
		name += ".zst"
	}
	return name
}
