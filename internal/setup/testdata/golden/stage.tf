# What the stage of move.yaml needs, written by sealift setup aws: each permission with what it is for.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["333333333333"]
}

data "aws_iam_policy_document" "stage_key" {
  # Administration: administrators of the account, by their own policies, can do everything with the key but use
  # it, and lend its use to nobody. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "Administration"
    actions   = ["kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }
  }

  # SealiftLoaderStageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and
  # through S3 alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged
  # in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderStageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }

  # SealiftLoaderStageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins.
  # Needed by check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear. Wide
  # because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderStageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader"]
    }
  }

  # RedshiftUnloadUnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both.
  # Needed by copy, unload, resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is
  # that key.
  statement {
    sid       = "RedshiftUnloadUnloadKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }

  # StagingReadCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load,
  # resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "StagingReadCopyKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::333333333333:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/staging-read"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }
}

# The key that everything staged is encrypted under.
resource "aws_kms_key" "stage" {
  description         = "what sealift stages"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.stage_key.json

  lifecycle {
    prevent_destroy = true
  }
}

# The name that the job calls it by.
resource "aws_kms_alias" "stage" {
  name          = "alias/sealift"
  target_key_id = aws_kms_key.stage.key_id
}

# Where data is staged.
resource "aws_s3_bucket" "stage" {
  bucket = "corp-sealift"

  lifecycle {
    prevent_destroy = true
  }
}

# Nobody outside is let in, whatever a policy says.
resource "aws_s3_bucket_public_access_block" "stage" {
  bucket                  = aws_s3_bucket.stage.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# What others write is the owner's.
resource "aws_s3_bucket_ownership_controls" "stage" {
  bucket = aws_s3_bucket.stage.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.
resource "aws_s3_bucket_server_side_encryption_configuration" "stage" {
  bucket = aws_s3_bucket.stage.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.stage.arn
    }
  }
}

data "aws_iam_policy_document" "stage_bucket" {
  # EncryptedOnly: what is not SSE-KMS is refused, also where the request says nothing. Promise: nothing staged in
  # clear.
  statement {
    sid       = "EncryptedOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  # ThisKeyOnly: what is under another key is refused. Promise: nothing staged in clear.
  statement {
    sid       = "ThisKeyOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.stage.arn]
    }
  }

  # SecureTransportOnly: nothing is said in clear. Promise: nothing staged in clear.
  statement {
    sid       = "SecureTransportOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # RecentTLSOnly: nothing older than TLS 1.2 is spoken. Promise: nothing staged in clear.
  statement {
    sid       = "RecentTLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  # RedshiftUnloadUnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume.
  # Promise: whole or untouched.
  statement {
    sid       = "RedshiftUnloadUnloadList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # RedshiftUnloadUnload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged
  # in clear.
  statement {
    sid       = "RedshiftUnloadUnload"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # RedshiftUnloadUnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise:
  # nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "RedshiftUnloadUnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::111111111111:role/redshift-unload"]
    }
  }

  # NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
  # remove them, and change this policy. Promise: nothing staged in clear.
  statement {
    sid       = "NamedOnly"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::333333333333:role/sealift-loader", "arn:aws:iam::111111111111:role/redshift-unload", "arn:aws:iam::333333333333:role/staging-read"]
    }
  }
}

resource "aws_s3_bucket_policy" "stage" {
  bucket = aws_s3_bucket.stage.id
  policy = data.aws_iam_policy_document.stage_bucket.json
}

resource "aws_s3_bucket_lifecycle_configuration" "stage" {
  bucket = aws_s3_bucket.stage.id

  # sealift-parts: unfinished uploads and versions that were replaced or deleted are of use to nobody.
  rule {
    id     = "sealift-parts"
    status = "Enabled"

    filter {
      prefix = "prod-to-dev/"
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # sealift-leftovers: what a run that was lost has left, if nobody runs sealift clean.
  rule {
    id     = "sealift-leftovers"
    status = "Enabled"

    filter {
      prefix = "prod-to-dev/20"
    }

    expiration {
      days = 7
    }
  }
}

data "aws_iam_policy_document" "sealift_staging_read" {
  # CopyList: COPY looks for what its manifest names. Needed by copy, load, resume. Promise: exit 0 means
  # verified. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "CopyList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]
  }

  # Copy: COPY reads the manifest and the data. Needed by copy, load, resume. Promise: exit 0 means verified.
  statement {
    sid       = "Copy"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # CopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load, resume. Promise:
  # nothing staged in clear.
  statement {
    sid       = "CopyKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws:s3:::corp-sealift", "arn:aws:s3:::corp-sealift/prod-to-dev/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_staging_read_trust" {
  # Chain: taken by arn:aws:iam::222222222222:role/redshift-copy alone, for this user of the target. Needed by
  # copy, load, resume. Promise: least privilege.
  statement {
    sid     = "Chain"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::222222222222:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::222222222222:role/redshift-copy"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["arn:aws:redshift:eu-west-1:222222222222:dbuser:dev/etl_writer"]
    }
  }
}

# arn:aws:iam::333333333333:role/staging-read: is what COPY reads as.
resource "aws_iam_role" "sealift_staging_read" {
  name                 = "staging-read"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_staging_read_trust.json
}

resource "aws_iam_role_policy" "sealift_staging_read" {
  name   = "sealift"
  role   = aws_iam_role.sealift_staging_read.id
  policy = data.aws_iam_policy_document.sealift_staging_read.json
}
