package job

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
)

// Config names warehouses, so that commands can be given a name in place of a job: for loads and unloads of files.
type Config struct {
	// Version of the file's format. Always 1.
	Version int `yaml:"version" required:"true" min:"1" max:"1"`
	// Warehouses by the names that commands call them.
	Warehouses map[string]ConfigWarehouse `yaml:"warehouses" required:"true"`

	// File is where it was read from; Digest is the SHA-256 of its text, in hex.
	File   string `yaml:"-"`
	Digest string `yaml:"-"`
}

// ConfigWarehouse is a warehouse as in a job, with the stage that files pass through.
type ConfigWarehouse struct {
	Warehouse
	// Stage is the S3 prefix that the data passes through, and the key it is encrypted under.
	Stage Stage `yaml:"stage" required:"true"`
}

// configName is what a warehouse can be called: no point, which ends it in NAME.schema.table.
var configName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// ParseConfig reads a configuration. It is as strict as Parse.
func ParseConfig(file string, text []byte, env func(string) (string, bool)) (*Config, error) {
	c := new(Config)
	err := parse(file, text, env, c, func(p *parser) {
		for _, name := range c.Names() {
			w := c.Warehouses[name]
			p.warehouse(join("warehouses", name), &w.Warehouse)
			c.Warehouses[name] = w // how to log in was settled
		}
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	c.File, c.Digest = file, hex.EncodeToString(sum[:])
	return c, nil
}

// Names of the warehouses, sorted.
func (c *Config) Names() []string { return slices.Sorted(maps.Keys(c.Warehouses)) }
