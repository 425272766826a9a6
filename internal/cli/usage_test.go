package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const usageJob = `version: 1
source: {host: 127.0.0.1, port: 1, region: eu-west-1, database: d, user: u, auth: password, password_from: env:NONE, s3_role: "arn:aws:iam::111111111111:role/u"}
target: {host: 127.0.0.1, port: 1, region: eu-west-1, database: d, user: u, auth: password, password_from: env:NONE, s3_role: "arn:aws:iam::222222222222:role/c"}
stage: {url: s3://bucket/p, region: eu-west-1, kms_key: alias/k}
`

// What is wrong by itself ends every command with 2, with one error, and before anything is asked of AWS or of a warehouse: of those there
// are none here.
func TestWrongUsageEndsWithTwo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"job.yaml":    usageJob + "tables: [a.b]\n",
		"subset.yaml": usageJob + "tables: [a.b]\nsubset: {tables: [{table: a.b, percent: 5}]}\n",
		"wrong.yaml":  usageJob,
		"files.yaml":  strings.Replace(usageJob, "source:", "# ", 1) + "files: [{path: a.csv, as: a.b}]\n",
		"odd.yaml":    strings.Replace(usageJob, "source:", "# ", 1) + "files: [{path: 's3:/bucket/a.csv', as: a.b}]\n",
		"conf.yaml": "version: 1\nwarehouses:\n  dev: {host: 127.0.0.1, port: 1, region: eu-west-1, database: d, user: u, password_from: env:NONE, s3_role: 'arn:aws:iam::222222222222:role/c'," +
			" stage: {url: s3://bucket/p, region: eu-west-1, kms_key: alias/k}}\n",
		"a.csv": "id,name\n1,a\n", "wrong.json": "{", "there.yaml": "version: 1\n", "key": "a\nb\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	load := func(more ...string) []string {
		return append([]string{"load", "DIR/a.csv", "--config", "DIR/conf.yaml", "--to", "dev.a.b"}, more...)
	}
	unload := func(more ...string) []string {
		return append([]string{"unload", "--config", "DIR/conf.yaml", "--to", "DIR/out"}, more...)
	}
	lines := [][]string{
		{"nothing"},
		{"--nothing"},
		{"key"},
		{"secret"},
		{"local"},
		{"mask"},
		{"setup"},
		{"job"},
		{"init", "DIR/there.yaml"},
		{"init", "a", "b"},
		{"version", "x"},
		{"completion", "x"},
		{"completion"},
		{"job", "schema", "x"},
		{"mask", "list", "x"},
		{"mask", "preview", "DIR/job.yaml"},
		{"mask", "preview", "DIR/job.yaml", "--rows", "0"},
		{"mask", "transformers", "x", "y"},
		{"copy", "DIR/files.yaml"},
		{"plan", "DIR/files.yaml"},
		{"check", "DIR/job.yaml", "--fix", "x"},
		{"verify", "DIR/job.yaml", "--limit", "0"},
		{"copy", "DIR/job.yaml", "--state-dir", "s3:/bucket/x"},
		{"runs", "--state-dir", "http://host/x"},
		{"runs", "--state-dir", "s3://"},
		{"runs", "--state-dir", "s3://b/p?kye=x"},
		{"runs", "--state-dir", "s3://b/p#x"},
		{"runs", "x"},
		{"runs", "--log-level", "x"},
		{"show"},
		{"show", "last", "--html"},
		{"resume"},
		{"resume", "a", "b"},
		{"sync", "DIR/subset.yaml"},
		{"sync", "DIR/job.yaml", "--every", "1ns"},
		{"sync", "DIR/job.yaml", "--from", ""},
		{"sync", "DIR/job.yaml", "--until", ""},
		{"sync", "DIR/odd.yaml"},
		{"load", "DIR/odd.yaml"},
		{"clean", "--run", "x"},
		{"clean", "--run", ""},
		{"clean", "--older-than", "-1h"},
		load("--to", ""), load("--to", "nope.a.b"), load("--to", "dev.a"), load("--to", "dev.a.b.c"), load("--mode", "x"), load("--mode", "merge"), load("--key", "id"),
		load("--mode", "merge", "--key", "id,"), load("--mode", "merge", "--key", "id,ID"), load("--format", "x"), load("--way", "x"), load("--way", "place"), load("--delimiter", "ab"),
		load("--delimiter", "٣"), load("--quote", "ab"), load("--delimiter", "'", "--quote", "'"), load("--delimiter", `"`), load("--infer", "0"), load("--infer", "٣"), load("--max-size", "0"), load("--max-size", "-1GB"),
		load("--max-size", "9999999999TB"), load("--max-size", "١GB"), load("--max-ratio", "-1"), load("--max-errors", "1"), load("--rejects", "DIR/a.csv", "--max-errors", "1"),
		load("--types", "id"), load("--types", "id=int,ID=int"), load("--types", "id=decimal(99,2)"), load("--sse", "x"), load("--header", "--no-header"), load("--only", "x"), load("--address"),
		{"load", "s3:/bucket/a.csv", "--config", "DIR/conf.yaml", "--to", "dev.a.b"},
		{"load", "https://host/a.csv", "--config", "DIR/conf.yaml", "--to", "dev.a.b"},
		{"load", "s3://", "--config", "DIR/conf.yaml", "--to", "dev.a.b"},
		{"load", "S3://bucket/a.csv", "--config", "DIR/conf.yaml", "--to", "dev.a.b"},
		{"load", "DIR/a.csv", "--config", "DIR/none.yaml", "--to", "dev.a.b"},
		{"load", "DIR/a.csv", "--job", "DIR/none.yaml", "--to", "a.b"},
		unload(), unload("a", "b"), unload("dev"), unload("dev.a"), unload("nope.a.b"), unload("dev.a.b", "--to", "s3:/bucket/x"), unload("dev.a.b", "--to", "https://host/x"), unload("dev.a.b", "--to", "s3://"),
		unload("dev.a.b", "--format", "x"), unload("dev.a.b", "--null", ","), unload("dev.a.b", "--null", "a\nb"), unload("dev.a.b", "--null", `"`), unload("dev.a.b", "--partition-by", "id"),
		unload("dev.a.b", "--to", "s3://bucket/x", "--partition-by", "id,id"), unload("dev.a.b", "--to", "s3://bucket/x", "--partition-by", "id,"), unload("--query", " ", "--from", "dev"), unload("--query", "delete from a.b", "--from", "dev"),
		{"reseal", "s3://b/x", "--to", "s3://b/y"},
		{"reseal", "s3://b/x", "--to", "s3://b/y", "--key-from", "K"},
		{"reseal", "b/x", "--to", "s3://b/y", "--key-from", "env:KEY"},
		{"reseal", "s3://b/x", "--to", "b/y", "--key-from", "env:KEY"},
		{"reseal", "s3://b/x", "--to", "s3://b/y", "--key-from", "env:KEY", "--region", "x y"},
		{"unload-copy"},
		{"unload-copy", "DIR/none.json", "eu-west-1"},
		{"unload-copy", "DIR/wrong.json", "eu-west-1"},
		{"key", "create", "--alias", ""},
		{"key", "create", "--alias", "alias/a b"},
		{"key", "create", "--alias", "alias/aws/s3"},
		{"key", "create", "--region", "nowhere"},
		{"secret", "encrypt"},
		{"secret", "encrypt", "--region", "nowhere"},
		{"scan", "nope", "--config", "DIR/conf.yaml"},
		{"scan", "dev", "--config", "DIR/none.yaml"},
		{"scan", "dev", "--config", "DIR/conf.yaml", "--check", "DIR/none.yaml"},
		{"scan", "dev", "--config", "DIR/conf.yaml", "-o", "DIR/a.csv"},
		{"setup", "sql", "DIR/job.yaml", "--for", "x"},
		{"setup", "aws", "DIR/job.yaml", "--for", "x"},
		{"setup", "aws", "DIR/job.yaml", "--for", "stage", "--format", "x"},
		{"local", "up", "--port", "0"},
		{"local", "up", "--port", "65536"},
		{"local", "up", "--warehouse-port", "65535"},
		{"local", "up", "--port", "5440"},
		{"local", "down", "x"},
		{"local", "env", "x"},
		{"local", "demo", "x"},
	}
	for _, command := range [][]string{
		{"check"}, {"plan"}, {"copy"}, {"sync"}, {"verify"}, {"clean"}, {"load"}, {"scan"}, {"mask", "preview"}, {"setup", "sql", "--for", "target"}, {"setup", "aws", "--for", "stage"}, {"job", "show"}, {"runs", "--sync"},
	} {
		for _, file := range []string{"none.yaml", "wrong.yaml", "folder.yaml"} {
			lines = append(lines, append(slices.Clone(command), "DIR/"+file))
		}
	}
	seen := make(map[string]bool)
	root := (&app{stdout: &stream{w: io.Discard}, stderr: &stream{w: io.Discard}}).root()
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			each(c)
		}
		path := strings.Fields(cmd.CommandPath())[1:]
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			values := map[string][]string{
				"int": {"", "x", "-1", "٣", "1.5", "99999999999999999999"}, "int64": {"", "x", "-1", "٣", "99999999999999999999"}, "duration": {"", "x", "1", "-1h", "١h", "99999999h"}, "bool": {"", "maybe", "2"},
			}[f.Value.Type()]
			for _, v := range values {
				if f.Name != "help" && f.Name != "ready-fd" {
					lines = append(lines, append(slices.Clone(path), argumentsOf(cmd), "--"+f.Name+"="+v))
				}
			}
		})
	}
	each(root)
	for _, args := range lines {
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "DIR", dir)
		}
		args = slices.DeleteFunc(args, func(a string) bool { return a == noArgument })
		cmd, _, err := root.Find(args)
		if err == nil {
			seen[cmd.CommandPath()] = true
		}
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), Process{
			Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
			Env: func(name string) (string, bool) {
				value, ok := map[string]string{"HOME": dir, "KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}[name]
				return value, ok
			},
		})
		text := stderr.String()
		if code != exitUsage || stdout.Len() > 0 || text == "" || strings.Count(text, "sealift: error:") > 1 || strings.Contains(text, "strconv") || strings.Contains(text, "panic") {
			t.Errorf("%q: %d\n%s%s", args, code, text, stdout.String())
		}
	}
	var all func(cmd *cobra.Command)
	all = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			all(c)
		}
		if !seen[cmd.CommandPath()] && !cmd.Hidden {
			t.Errorf("nothing is said of what is wrong usage of %s", cmd.CommandPath())
		}
	}
	all(root)
}

// noArgument stands where a command takes none.
const noArgument = "\x00"

// argumentsOf is an argument with which a command would begin, where it needs one.
func argumentsOf(cmd *cobra.Command) string {
	if cmd.Args != nil && cmd.Args(cmd, nil) != nil {
		return "DIR/job.yaml"
	}
	return noArgument
}
