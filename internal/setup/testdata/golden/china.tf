# What all accounts of china.yaml need, written by sealift setup aws: each permission with what it is for.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "cn-north-1"
  allowed_account_ids = ["111111111111"]
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
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
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
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
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
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader"]
    }
  }

  # SealiftLoaderStateKey: plan, journal and receipt are under the stage's key, too. Needed by copy, load, unload,
  # resume, runs, show. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderStateKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-state", "arn:aws-cn:s3:::corp-state/sealift/runs/*"]
    }
  }

  # SealiftLoaderOutKey: what is unloaded into S3 is under the stage's key. Needed by unload. Promise: nothing
  # staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "SealiftLoaderOutKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-out", "arn:aws-cn:s3:::corp-out/orders/*"]
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
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/redshift-unload"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
    }
  }

  # RedshiftCopyCopyKey: under the key, through S3 alone; it can read and never write. Needed by copy, load,
  # resume. Promise: nothing staged in clear. Wide because in a key's own policy, * is that key.
  statement {
    sid       = "RedshiftCopyCopyKey"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/redshift-copy"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
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
  bucket = "corp-sealift-cn"

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
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/*"]

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
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/*"]

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
    resources = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/*"]

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
    resources = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/*"]

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

  # NamedOnly: nobody else reads or writes objects, whatever policies of the account say; administrators can still
  # remove them, and change this policy. Promise: nothing staged in clear.
  statement {
    sid       = "NamedOnly"
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader", "arn:aws-cn:iam::111111111111:role/redshift-unload", "arn:aws-cn:iam::111111111111:role/redshift-copy"]
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
      prefix = "a/b/"
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # sealift-leftovers: what failed runs keep, because the job says keep: on-failure.
  rule {
    id     = "sealift-leftovers"
    status = "Enabled"

    filter {
      prefix = "a/b/20"
    }

    expiration {
      days = 30
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader" {
  # StageList: sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and
  # afterwards that no object, version or upload is left. Needed by check, plan, copy, load, unload, resume,
  # verify, clean. Promise: nothing left.
  statement {
    sid       = "StageList"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn"]
  }

  # StageObjects: checks every staged object, writes the manifest that COPY reads, parts of files and the lease on
  # the target, and removes all of it. Needed by copy, load, unload, resume, clean. Promise: nothing staged in
  # clear.
  statement {
    sid       = "StageObjects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
  }

  # StageKey: reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3
  # alone; an upload in parts needs both. Needed by copy, load, unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "StageKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
    }
  }

  # StageKeyState: finds the key behind its alias, and that it is enabled, before an UNLOAD begins. Needed by
  # check, plan, copy, load, unload, resume, verify, clean. Promise: nothing staged in clear.
  statement {
    sid       = "StageKeyState"
    actions   = ["kms:DescribeKey"]
    resources = [aws_kms_key.stage.arn]
  }

  # StateList: finds runs, and the parts of a run's journal. Needed by resume, runs, show, verify, clean. Promise:
  # whole or untouched.
  statement {
    sid       = "StateList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-cn:s3:::corp-state"]
  }

  # State: keeps plan, journal and receipt of each run where another machine finds them. Needed by copy, load,
  # unload, resume, runs, show. Promise: whole or untouched.
  statement {
    sid       = "State"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["arn:aws-cn:s3:::corp-state/sealift/runs/*"]
  }

  # StateKey: plan, journal and receipt are under the stage's key, too. Needed by copy, load, unload, resume,
  # runs, show. Promise: nothing staged in clear.
  statement {
    sid       = "StateKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-state", "arn:aws-cn:s3:::corp-state/sealift/runs/*"]
    }
  }

  # OutList: finds the bucket's region, and that nothing is below the prefix yet. Needed by unload. Promise: whole
  # or untouched.
  statement {
    sid       = "OutList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-cn:s3:::corp-out"]
  }

  # Out: has S3 copy what was unloaded, checks each copy, writes the manifest last, and removes the copies of an
  # unload that failed. Needed by unload. Promise: whole or untouched.
  statement {
    sid       = "Out"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["arn:aws-cn:s3:::corp-out/orders/*"]
  }

  # OutKey: what is unloaded into S3 is under the stage's key. Needed by unload. Promise: nothing staged in clear.
  statement {
    sid       = "OutKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-out", "arn:aws-cn:s3:::corp-out/orders/*"]
    }
  }

  # TakeSource: comes into the account of the source. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "TakeSource"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws-cn:iam::111111111111:role/sealift/source"]
  }

  # LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege.
  statement {
    sid       = "LookUpTarget"
    actions   = ["redshift:DescribeClusters"]
    resources = ["arn:aws-cn:redshift:cn-north-1:111111111111:cluster:dev"]
  }

  # SecretTarget: the password is read anew for each session, and is never in a file. Needed by check, plan, copy,
  # load, unload, resume, verify, clean. Promise: no secret anywhere.
  statement {
    sid       = "SecretTarget"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["arn:aws-cn:secretsmanager:cn-north-1:111111111111:secret:dev-abcdef"]
  }

  # SecretKeyTarget: the secret is under a key. Needed by check, plan, copy, load, unload, resume, verify, clean.
  # Promise: no secret anywhere. Wide because which key that is, only the secret tells; through Secrets Manager,
  # and for this secret alone.
  statement {
    sid       = "SecretKeyTarget"
    actions   = ["kms:Decrypt"]
    resources = ["arn:aws-cn:kms:cn-north-1:111111111111:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.cn-north-1.amazonaws.com", "secretsmanager.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = ["arn:aws-cn:secretsmanager:cn-north-1:111111111111:secret:dev-abcdef"]
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_loader_trust" {
  # Instances: an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file.
  statement {
    sid     = "Instances"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com.cn"]
    }
  }
}

# arn:aws-cn:iam::111111111111:role/sealift-loader: runs Sealift; and looks the target up and logs in to it.
resource "aws_iam_role" "sealift_sealift_loader" {
  name                 = "sealift-loader"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_loader_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_loader" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_loader.id
  policy = data.aws_iam_policy_document.sealift_sealift_loader.json
}

# Instances have roles by profiles. Give them IMDSv2 alone: metadata_options { http_tokens = "required" }.
resource "aws_iam_instance_profile" "sealift_sealift_loader" {
  name = "sealift-loader"
  role = aws_iam_role.sealift_sealift_loader.name
}

data "aws_iam_policy_document" "sealift_source" {
  # LookUpSource: finds the address of the source. Needed by check, plan, copy, load, unload, resume, verify,
  # clean. Promise: least privilege. Wide because a workgroup's ARN has its id, which is not known before it was
  # looked up.
  statement {
    sid       = "LookUpSource"
    actions   = ["redshift-serverless:GetWorkgroup"]
    resources = ["arn:aws-cn:redshift-serverless:cn-north-1:111111111111:workgroup/*"]
  }

  # LogInSource: a password for an hour at most, of the database user that stands for this role. Needed by check,
  # plan, copy, load, unload, resume, verify, clean. Promise: no secret anywhere. Wide because a workgroup's ARN
  # has its id, which is not known before it was looked up.
  statement {
    sid       = "LogInSource"
    actions   = ["redshift-serverless:GetCredentials"]
    resources = ["arn:aws-cn:redshift-serverless:cn-north-1:111111111111:workgroup/*"]
  }
}

data "aws_iam_policy_document" "sealift_source_trust" {
  # Loader: taken by arn:aws-cn:iam::111111111111:role/sealift-loader alone. Needed by check, plan, copy, load,
  # unload, resume, verify, clean. Promise: least privilege.
  statement {
    sid     = "Loader"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws-cn:iam::111111111111:root"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws-cn:iam::111111111111:role/sealift-loader"]
    }
  }
}

# arn:aws-cn:iam::111111111111:role/sealift/source: looks the source up and logs in to it.
resource "aws_iam_role" "sealift_source" {
  name                 = "source"
  path                 = "/sealift/"
  max_session_duration = 14400
  assume_role_policy   = data.aws_iam_policy_document.sealift_source_trust.json
}

resource "aws_iam_role_policy" "sealift_source" {
  name   = "sealift"
  role   = aws_iam_role.sealift_source.id
  policy = data.aws_iam_policy_document.sealift_source.json
}

data "aws_iam_policy_document" "sealift_redshift_unload" {
  # UnloadList: UNLOAD refuses a prefix below which something is. Needed by copy, unload, resume. Promise: whole
  # or untouched.
  statement {
    sid       = "UnloadList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn"]
  }

  # Unload: UNLOAD writes data and manifest. Needed by copy, unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "Unload"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
  }

  # UnloadRead: the manual asks for GET, LIST and PUT. Needed by copy, unload, resume. Promise: nothing staged in
  # clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "UnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
  }

  # UnloadKey: under the key, through S3 alone; an object that is uploaded in parts needs both. Needed by copy,
  # unload, resume. Promise: nothing staged in clear.
  statement {
    sid       = "UnloadKey"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [aws_kms_key.stage.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_redshift_unload_trust" {
  # Source: the source runs statements as this role, where it is attached. Needed by copy, unload, resume.
  # Promise: least privilege. Wide because what a workgroup, or a cluster known by its address alone, sends for an
  # external id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE.
  statement {
    sid     = "Source"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]
    }
  }
}

# arn:aws-cn:iam::111111111111:role/redshift-unload: is what UNLOAD writes as. Attach it to the source
# afterwards: aws redshift-serverless update-namespace --namespace-name NAMESPACE --iam-roles
# arn:aws-cn:iam::111111111111:role/redshift-unload AND ALL THAT IT HAS, which this replaces
resource "aws_iam_role" "sealift_redshift_unload" {
  name                 = "redshift-unload"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_unload_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift_unload" {
  name   = "sealift"
  role   = aws_iam_role.sealift_redshift_unload.id
  policy = data.aws_iam_policy_document.sealift_redshift_unload.json
}

data "aws_iam_policy_document" "sealift_redshift_copy" {
  # CopyList: COPY looks for what its manifest names. Needed by copy, load, resume. Promise: exit 0 means
  # verified. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "CopyList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn"]
  }

  # Copy: COPY reads the manifest and the data. Needed by copy, load, resume. Promise: exit 0 means verified.
  statement {
    sid       = "Copy"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
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
      values   = ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:aws-cn:s3:::corp-sealift-cn", "arn:aws-cn:s3:::corp-sealift-cn/a/b/*"]
    }
  }
}

data "aws_iam_policy_document" "sealift_redshift_copy_trust" {
  # Target: the target runs statements of this database user as this role, and no other's. Needed by copy, load,
  # resume. Promise: least privilege.
  statement {
    sid     = "Target"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "sts:ExternalId"
      values   = ["arn:aws-cn:redshift:cn-north-1:111111111111:dbuser:dev/*"]
    }
  }
}

# arn:aws-cn:iam::111111111111:role/redshift-copy: is what COPY reads as. Attach it to the target afterwards:
# aws redshift modify-cluster-iam-roles --region cn-north-1 --cluster-identifier dev --add-iam-roles
# arn:aws-cn:iam::111111111111:role/redshift-copy
resource "aws_iam_role" "sealift_redshift_copy" {
  name                 = "redshift-copy"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_redshift_copy_trust.json
}

resource "aws_iam_role_policy" "sealift_redshift_copy" {
  name   = "sealift"
  role   = aws_iam_role.sealift_redshift_copy.id
  policy = data.aws_iam_policy_document.sealift_redshift_copy.json
}
