package job_test

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/job"
)

const configText = `version: 1
warehouses:
  dev:
    host: dev.example.com
    database: analytics
    user: loader
    password_from: env:PGPASSWORD
    s3_role: arn:aws:iam::222222222222:role/redshift-copy
    stage: {url: "s3://corp/loads", region: eu-west-1, kms_key: alias/sealift}
  prod-2:
    cluster: prod
    region: eu-west-1
    database: analytics
    user: loader
    s3_role: arn:aws:iam::222222222222:role/redshift-copy
    stage: {url: "s3://corp/loads", region: eu-west-1, kms_key: alias/sealift}
`

func TestConfig(t *testing.T) {
	t.Parallel()
	c, err := job.ParseConfig("config.yaml", []byte(configText), nil)
	if err != nil {
		t.Fatal(err)
	}
	dev, prod := c.Warehouses["dev"], c.Warehouses["prod-2"]
	if dev.Host != "dev.example.com" || dev.Port != 5439 || dev.Auth != "password" || dev.Stage.KMSKey != "alias/sealift" || dev.Stage.Keep != "never" {
		t.Errorf("%+v", dev)
	}
	if prod.Auth != "iam" || strings.Join(c.Names(), " ") != "dev prod-2" || len(c.Digest) != 64 {
		t.Errorf("%+v %v", prod, c.Names())
	}
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for want, change := range map[string][2]string{
		"config.yaml:4:5  warehouses.dev.hots: unknown key; did you mean host?":                               {"    host:", "    hots:"},
		"config.yaml:3:3  warehouses: \"d.v\" is no name: letters, digits, - and _, of 64 at most":            {"  dev:", "  d.v:"},
		"config.yaml:10:3  warehouses.dev: is here twice; the first is in line 3":                             {"  prod-2:", "  dev:"},
		"config.yaml:3:3  warehouses.dev.password_from: is missing; auth: password needs it":                  {"    password_from: env:PGPASSWORD\n", ""},
		"config.yaml:3:3  warehouses.dev.stage: is missing":                                                   {"    stage: {url: \"s3://corp/loads\", region: eu-west-1, kms_key: alias/sealift}\n", ""},
		"config.yaml:3:8  warehouses.dev: keys and values are needed here, not a single value":                {"  dev:\n", "  dev: x\n  x:\n"},
		"config.yaml:2:13  warehouses: names, each with keys and values, are needed here, not a single value": {"warehouses:\n", "warehouses: x\nversion2:\n"},
	} {
		_, err := job.ParseConfig("config.yaml", []byte(strings.Replace(configText, change[0], change[1], 1)), nil)
		if err == nil || !strings.Contains(err.Error()+"\n", want+"\n") {
			t.Errorf("got\n%v\nwant %s", err, want)
		}
	}
}
