package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/job"
)

// defaultAlias is the key that the documentation's examples stage under.
const defaultAlias = "alias/sealift"

func (a *app) keyCommand() *cobra.Command {
	var alias, region string
	create := &cobra.Command{
		Use:   "create",
		Short: "Make a KMS key with an alias, and print its ARN",
		Long: `Make the KMS key that what is staged is encrypted under: symmetric, rotated each year, under an
alias. Where the alias is there already, its key is printed, and nothing is made. Who may use the
key is its policy's matter; the one that it gets leaves that to the account's IAM policies.`,
		Example: `  sealift key create --alias alias/sealift --region eu-west-1
  sealift key create --json`,
		Args: noArguments,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			if g := job.GrammarOf("kms_key"); !g.Fits(alias) && !g.Fits("alias/"+alias) || strings.HasPrefix(alias, "arn:") || strings.HasPrefix(strings.TrimPrefix(alias, "alias/"), "aws/") {
				return hint.Usage(fmt.Errorf("--alias %q is not a name that a key can be given: alias/ and letters, digits, _ - and /, and not alias/aws/, which is AWS's", alias))
			}
			if err := inRegion(region); err != nil {
				return err
			}
			ctx, release := a.cancellable(ctx)
			defer release()
			key, err := sealift.CreateKey(ctx, alias, region)
			if err != nil {
				return interrupted(ctx, err)
			}
			if a.json {
				return a.answerJSON(struct {
					Version int    `json:"version"`
					Alias   string `json:"alias"`
					ARN     string `json:"arn"`
					Created bool   `json:"created"`
				}{1, key.Alias, key.ARN, key.Created})
			}
			if !key.Created {
				a.say("%s is there already", key.Alias)
			}
			return a.answer(key.ARN + "\n")
		}),
	}
	create.Flags().StringVar(&alias, "alias", defaultAlias, "`NAME` of the key")
	create.Flags().StringVar(&region, "region", "", "`REGION` of the key (default: that of the environment)")
	a.jsonFlag(create)
	return group(&cobra.Command{
		Use: "key", Short: "KMS keys for what is staged", Long: "KMS keys that what is staged is encrypted under.",
		Example: "  sealift key create\n  sealift key create --alias alias/sealift --region eu-west-1",
	}, create)
}

func (a *app) secretCommand() *cobra.Command {
	var key, region string
	encrypt := &cobra.Command{
		Use:   "encrypt",
		Short: "Encrypt a password for a job file, under a KMS key",
		Long: `Encrypt a value under a KMS key, and print it in base64, as password_from: kms:BASE64 takes it in
a job. The value is asked for, without showing it, or read from stdin, without the line end; never
from an argument, which other users of the machine could see.`,
		Example: `  sealift secret encrypt --kms-key alias/sealift
  pass show redshift/etl | sealift secret encrypt --region eu-west-1`,
		Args: noArguments,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			if err := inRegion(region); err != nil {
				return err
			}
			value, err := a.readSecret(ctx)
			if err != nil {
				return err
			}
			ctx, release := a.cancellable(ctx)
			defer release()
			sealed, err := sealift.EncryptSecret(ctx, value, key, region)
			if err != nil {
				return interrupted(ctx, err)
			}
			return a.answer(base64.StdEncoding.EncodeToString(sealed) + "\n")
		}),
	}
	encrypt.Flags().StringVar(&key, "kms-key", defaultAlias, "`KEY` to encrypt under: an alias, an id or an ARN")
	encrypt.Flags().StringVar(&region, "region", "", "`REGION` of the key (default: that of the environment)")
	return group(&cobra.Command{
		Use: "secret", Short: "Secrets for job files", Long: "Secrets as job files take them: encrypted.",
		Example: "  sealift secret encrypt\n  sealift secret encrypt --kms-key alias/sealift < password",
	}, encrypt)
}

// readSecret asks for a value on a terminal, and reads it from stdin elsewhere.
func (a *app) readSecret(ctx context.Context) (secret.Value, error) {
	if f, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = io.WriteString(a.stderr, "value (not shown): ")
		before, err := term.GetState(int(f.Fd()))
		if err != nil {
			return secret.Value{}, fmt.Errorf("read the value: %w", err)
		}
		text, err := unlessInterrupted(ctx, a, func() ([]byte, error) { return term.ReadPassword(int(f.Fd())) })
		a.say("")
		if errors.Is(err, errInterrupted) {
			return secret.Value{}, errors.Join(err, term.Restore(int(f.Fd()), before)) // what is typed next is to be seen again
		}
		if err != nil {
			return secret.Value{}, fmt.Errorf("read the value: %w", err)
		}
		return secret.New(string(text)), nil
	}
	const most = 1 << 20
	text, err := unlessInterrupted(ctx, a, func() ([]byte, error) { return io.ReadAll(io.LimitReader(a.Stdin, most)) })
	if err != nil {
		return secret.Value{}, fmt.Errorf("read the value: %w", err)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if strings.ContainsAny(value, "\r\n\x00") {
		return secret.Value{}, hint.Usage(errors.New("the value has more than one line; a password is one"))
	}
	return secret.New(value), nil
}
