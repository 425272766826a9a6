// Package samples holds the sample files that the demo loads, inside the program, so that the binary alone can run the
// demo. README.md says where each file comes from. It knows nothing of what the files are used for.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed *.csv *.json *.tsv *.txt *.zip
var files embed.FS

// FS is the folder of sample files.
func FS() fs.FS { return files }
