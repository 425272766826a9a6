package setup

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/job"
)

// Instance is an EC2 instance that runs one job and terminates itself.
type Instance struct {
	// Program is where the program lies: s3://BUCKET/KEY, a static build for the instance's processor. Default: program/sealift
	// below the stage's prefix.
	Program string
	// Sum is the program's SHA-256, in hex: nothing else is run.
	Sum string

	data string // what runs on it
}

// maxUserData is what an instance takes (EC2 User Guide, instancedata-add-user-data), before base64.
const maxUserData = 16 << 10

var sum = regexp.MustCompile(`^[0-9a-f]{64}$`)

// of settles what the instance does.
func (i Instance) of(j *job.Job, l *permission.List) (*Instance, error) {
	if !sum.MatchString(i.Sum) {
		return nil, hint.With(errors.New("the instance runs a program whose SHA-256 is not said"), "--program-sha256 $(sha256sum < bin/sealift | cut -d' ' -f1)")
	}
	for _, side := range []struct {
		name string
		w    job.Warehouse
	}{{"source", j.Source}, {"target", j.Target}} {
		kind, _, _ := strings.Cut(side.w.PasswordFrom, ":")
		if kind == "env" || kind == "file" {
			return nil, hint.With(fmt.Errorf("%s.password_from: %s: is not there on an instance, and no secret stands in its user data", side.name, kind), "use auth: iam, or password_from: secretsmanager:ARN")
		}
		if side.w.WebIdentityTokenFile != "" || side.w.CAFile != "" {
			return nil, fmt.Errorf("%s: web_identity_token_file and ca_file name files that are not there on an instance", side.name)
		}
	}
	prefix := "s3://" + l.Stage.Bucket + "/"
	if l.Stage.Prefix != "" {
		prefix += l.Stage.Prefix + "/"
	}
	if i.Program == "" {
		i.Program = prefix + "program/sealift"
	}
	if !strings.HasPrefix(i.Program, prefix) {
		return nil, fmt.Errorf("the program lies in %s, and the loader reads below %s: put it there", i.Program, prefix)
	}
	text, err := j.Marshal()
	if err != nil {
		return nil, err
	}
	i.data = fmt.Sprintf(userData, l.Stage.Region, shellWord(i.Program), i.Sum, wrapped(base64.StdEncoding.EncodeToString(text)), shellWord(prefix+"state"))
	if len(i.data) > maxUserData {
		return nil, hint.With(fmt.Errorf("the job makes %d bytes of user data, and an instance takes %d", len(i.data), maxUserData), "use patterns in place of single tables, or start the program from an image of your own")
	}
	return &i, nil
}

func shellWord(text string) string { return quoted(text) }

// wrapped breaks base64 into lines.
func wrapped(text string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return b.String() + text
}

// userData runs one job. There is no secret in it: a job has none, and the credentials come from the instance's role. Whatever
// happens, the machine is shut down, which terminates it; what a run that failed left, and its journal, are in S3.
const userData = `#!/bin/bash
# Whatever happens: the instance is gone afterwards. It also goes after a day.
trap 'shutdown -h now' EXIT
shutdown -h +1440
set -euo pipefail
umask 077
cd "$(mktemp -d)"
export HOME=$PWD AWS_REGION=%s
aws s3 cp --only-show-errors %s sealift
echo '%s  sealift' | sha256sum --check --status
chmod 700 sealift
base64 -d > job.yaml <<'JOB'
%s
JOB
./sealift copy job.yaml --state-dir %s
`
