// Command sealift moves tables between Amazon Redshift warehouses. See sealift --help.
package main

import (
	"os"

	"github.com/sealift/sealift/internal/cli"
)

func main() { os.Exit(cli.Main()) }
