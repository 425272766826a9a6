package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/internal/show"
)

func (a *app) resealCommand() *cobra.Command {
	var q sealift.ResealRequest
	var keyFrom string
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "reseal S3URL --key-from SOURCE --to S3URL [--load-to TABLE]",
		Short: "Bring client-side encrypted archives under a KMS key, to be loaded again",
		Long: `Decrypt what UNLOAD encrypted on the client's side until 2026-04-30 (MASTER_SYMMETRIC_KEY, as the
AWS Unload/Copy utility used it), and write it under a KMS key, with its manifests. COPY reads no
client-side encryption any more; what is resealed it reads as ever, with the options of the time.

S3URL is what all keys of the archive begin with, as UNLOAD's TO. The key is the master symmetric
key, 256 bits in base64; --key-from names where it is: env:NAME, file:PATH, kms:BASE64 (encrypted
by KMS), secretsmanager:ARN, or - for stdin. Nothing in clear touches the disk. Each object is
checked: its padding, its length, and the checksums of the gzip in it. One that is damaged, or was
encrypted under another key, is named; nothing of it is written, and the others are done. What an
earlier attempt has written is not written again.

--load-to loads what was resealed into a table of the same columns, as sealift load --format unload
does: COPY reads it where it is, or from a copy under the stage's key; the rows are compared with
the records that were counted, and published whole. The answer is the receipt then. --delimiter,
--quote and --null are what the archive was unloaded with; the defaults are the utility's.

Exit codes: 0 everything is resealed, and loaded; 1 failed; 2 wrong usage; 3 some objects could not
be resealed, or the table failed and is untouched; 5 another run holds the target; 130 interrupted.
Run it again to go on; a load goes on with the command that is printed.`,
		Example: `  sealift reseal s3://old/2024/orders_ --key-from file:master.key --to s3://new/2024
  pass show utility/key | sealift reseal s3://old/2024/ --key-from - --to s3://new/2024`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("the S3URL of an archive"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			q.From = args[0]
			if err := inRegion(q.Region); err != nil {
				return err
			}
			if f.to == "" {
				return a.reseal(ctx, q, keyFrom)
			}
			return a.resealAndLoad(ctx, q, keyFrom, f)
		}),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&keyFrom, "key-from", "", "where the master symmetric key is: env:NAME, file:PATH,\nkms:BASE64, secretsmanager:ARN, or - for stdin")
	flags.StringVar(&q.To, "to", "", "`S3URL` of the prefix for the new objects, with ?owner=ACCOUNT or\n?region=REGION behind it where that must be said")
	flags.StringVar(&q.KMSKey, "kms-key", defaultAlias, "`KEY` to encrypt under: an alias, an id or an ARN")
	flags.StringVar(&q.Region, "region", "", "`REGION` of --to and of the key (default: that of the environment)")
	flags.StringVar(&f.to, "load-to", "", "load it into this `TABLE`: WAREHOUSE.SCHEMA.TABLE, or SCHEMA.TABLE\nwith --job")
	flags.StringVar(&f.job, "job", "", "use target and stage of this job `FILE`")
	flags.StringVar(&f.config, "config", "", "`FILE` that names warehouses, as for sealift load")
	flags.StringVar(&f.mode, "mode", "create", "`MODE`: create (into a table that is empty), append, replace, or\nmerge by --key")
	flags.StringSliceVar(&f.key, "key", nil, "`COLUMNS` that identify a row, for --mode merge")
	flags.StringVar(&f.delimiter, "delimiter", "^", "`C` that the archive has between fields, or tab")
	flags.StringVar(&f.quote, "quote", `"`, "`C` that it has around fields (ADDQUOTES), or none")
	flags.StringArrayVar(&f.nulls, "null", []string{"NULL_STRING__"}, "`TEXT` that it has for NULL")
	flags.BoolVar(&f.again, "again", false, "append the same content once more")
	forceFlag(cmd, &f.force)
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// resealAndLoad brings an archive under the key, and loads it.
func (a *app) resealAndLoad(ctx context.Context, q sealift.ResealRequest, keyFrom string, f loadFlags) error {
	f.format = "unload"
	load := f.request()
	if err := a.loadTarget(ctx, &load, f, "--load-to"); err != nil {
		return err
	}
	if err := f.check(&load); err != nil {
		return hint.Usage(err)
	}
	if err := a.needState(); err != nil {
		return err
	}
	if q.Region == "" {
		q.Region = load.Stage.Region
	}
	q.Count = true
	err := func() error {
		ctx, release := a.cancellable(ctx)
		defer release()
		r, err := a.resealed(ctx, q, keyFrom)
		switch {
		case r != nil && errors.Is(err, sealift.ErrNotAll):
			if aerr := a.answerResealed(r); aerr != nil {
				return aerr
			}
			return told{errTablesFailed}
		case err != nil:
			return interrupted(ctx, err)
		}
		load.Files, err = r.Files(ctx, q.Region)
		return interrupted(ctx, err)
	}()
	if err != nil {
		return err
	}
	return a.loadOne(ctx, load, f)
}

func (a *app) reseal(ctx context.Context, q sealift.ResealRequest, keyFrom string) error {
	ctx, release := a.cancellable(ctx)
	defer release()
	r, err := a.resealed(ctx, q, keyFrom)
	if err != nil && !errors.Is(err, sealift.ErrNotAll) {
		return interrupted(ctx, err)
	}
	if aerr := a.answerResealed(r); aerr != nil {
		return aerr
	}
	if err != nil {
		return told{errTablesFailed}
	}
	return nil
}

// resealed reseals, and says what becomes of each object.
func (a *app) resealed(ctx context.Context, q sealift.ResealRequest, keyFrom string) (_ *sealift.Resealed, err error) {
	if keyFrom == "" || q.To == "" {
		return nil, hint.Usage(errors.New("--key-from and --to are both needed: where the key is, and where the new objects go"))
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	if q.Key, err = a.masterKey(ctx, keyFrom, q.Region); err != nil {
		return nil, err
	}
	q.Done = func(o sealift.ResealedObject) {
		switch {
		case o.Error != "" && ctx.Err() != nil:
			a.say("%s  left, and nothing of it is written", o.From)
		case o.Error != "":
			a.say("%s  failed  %s", o.From, o.Error)
		case o.Already:
			a.say("%s  there already", o.From)
		default:
			a.say("%s  done  %s", o.From, show.Bytes(o.Bytes))
		}
	}
	r, err := sealift.Reseal(ctx, q, sealift.Options{Log: a.log})
	if errors.Is(err, errInterrupted) {
		err = hint.With(err, "run it again to go on: what is done is not done again")
	}
	return r, err
}

func (a *app) answerResealed(r *sealift.Resealed) error {
	if a.json {
		return a.answerJSON(r)
	}
	return a.answer(a.resealedText(r))
}

// resealedText is the answer for people.
func (a *app) resealedText(r *sealift.Resealed) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	var made, already, failed, bytes int64
	for _, o := range r.Objects {
		switch {
		case o.Error != "":
			failed++
			page.Paragraph("failed      ", o.From+": "+o.Error, show.Red)
		case o.Already:
			already++
		default:
			made++
			bytes += o.Bytes
		}
	}
	text := fmt.Sprintf("%s, %s, SSE-KMS, all checked", show.Plural(made, "object"), show.Bytes(bytes))
	if already > 0 {
		text += fmt.Sprintf("; %s there already", show.Plural(already, "object"))
	}
	page.Paragraph("resealed    ", text, show.Plain)
	page.Line("            %s", r.KMSKey)
	for _, m := range r.Manifests {
		page.Paragraph("manifest    ", m, show.Plain)
	}
	if failed > 0 {
		page.Paragraph("left        ", show.Plural(failed, "object")+" could not be resealed, and no manifest was written; when that is mended, run it again: what is done is not done again", show.Yellow)
	}
	return page.String()
}

// masterKey reads the key from where somebody says it is.
func (a *app) masterKey(ctx context.Context, from, region string) (secret.Value, error) {
	if from == "-" {
		return a.readSecret(ctx)
	}
	if kind, what, _ := strings.Cut(from, ":"); what == "" || !slices.Contains([]string{"env", "file", "kms", "secretsmanager"}, kind) {
		return secret.Value{}, hint.With(hint.Usage(errors.New("--key-from does not say where the key is")),
			"env:NAME, file:PATH, kms:BASE64, secretsmanager:ARN, or - for stdin; never the key itself, which others could see")
	}
	key, err := sealift.ReadSecret(ctx, from, region)
	if err != nil {
		return key, fmt.Errorf("--key-from: %w", err)
	}
	return secret.New(strings.TrimSpace(key.Reveal())), nil
}
