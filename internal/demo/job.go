package demo

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"text/template"
)

//go:embed demo.yaml.tmpl
var jobTemplate string

//go:embed masked.yaml.tmpl
var maskedTemplate string

//go:embed pii.yaml
var policy string

// writeJob writes a job file that the demo runs.
func writeJob(path, jobTemplate string, env environment, c *cloud) error {
	t, err := template.New("job").Option("missingkey=error").Parse(jobTemplate)
	if err != nil {
		return fmt.Errorf("job template: %w", err)
	}
	var text strings.Builder
	err = t.Execute(&text, map[string]string{
		"Region": env["AWS_REGION"],
		"CAFile": env["AWS_CA_BUNDLE"],
		"Unload": unloadRole.arn(),
		"Copy":   copyRole.arn(),
		"Access": accessRole,
		"Stage":  c.stage,
		"Key":    keyAlias,
	})
	if err != nil {
		return fmt.Errorf("job template: %w", err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("write the job: %w", err)
	}
	return nil
}
