# What the source of move.yaml needs, written by sealift setup aws: each permission with what it is for.
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
  allowed_account_ids = ["111111111111"]
}

variable "stage_key_arn" {
  description = "ARN of the key that everything staged is encrypted under"
  type        = string
}

data "aws_iam_policy_document" "sealift_sealift_source" {
  # LookUpSource: finds the address of the source. Needed by check, plan, copy, unload, sync, resume, verify,
  # clean, scan, mask. Promise: least privilege.
  statement {
    sid       = "LookUpSource"
    actions   = ["redshift:DescribeClusters"]
    resources = ["arn:aws:redshift:eu-west-1:111111111111:cluster:prod-dw"]
  }

  # LogInSource: a password for an hour at most, of this database user in this database. Needed by check, plan,
  # copy, unload, sync, resume, verify, clean, scan, mask. Promise: no secret anywhere.
  statement {
    sid       = "LogInSource"
    actions   = ["redshift:GetClusterCredentials"]
    resources = ["arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader", "arn:aws:redshift:eu-west-1:111111111111:dbname:prod-dw/analytics"]
  }

  # DoorSeeSource: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, unload,
  # sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because EC2 has no
  # resources in permissions to describe.
  statement {
    sid       = "DoorSeeSource"
    actions   = ["ec2:DescribeSecurityGroupRules"]
    resources = ["*"]
  }

  # DoorSource: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
  # plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
  statement {
    sid       = "DoorSource"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"]
  }

  # DoorTagSource: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
  # unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because a rule's
  # id is not known before it is made; only in the request that makes it.
  statement {
    sid       = "DoorTagSource"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["AuthorizeSecurityGroupIngress"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/sealift"
      values   = ["door"]
    }
  }

  # DoorShareSource: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
  # copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because a
  # rule's id is not known before it is made; only rules that are tagged as Sealift's.
  statement {
    sid       = "DoorShareSource"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/sealift"
      values   = ["door"]
    }
  }

  # DoorScheduleSource: a one-time schedule, made before the rule, closes the door if this machine is lost. Needed
  # by check, plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
  statement {
    sid       = "DoorScheduleSource"
    actions   = ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"]
    resources = ["arn:aws:scheduler:eu-west-1:111111111111:schedule/default/sealift-door-*"]
  }

  # DoorPassSource: the schedule acts as this role. Needed by check, plan, copy, unload, sync, resume, verify,
  # clean, scan, mask. Promise: every door opened is closed.
  statement {
    sid       = "DoorPassSource"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111111111111:role/sealift-door"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "sealift_sealift_source_trust" {
  # Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
  # cannot be taken without is tried by each run. Needed by check, plan, copy, unload, sync, resume, verify,
  # clean, scan, mask. Promise: least privilege.
  statement {
    sid     = "Loader"
    actions = ["sts:AssumeRole"]

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
      variable = "sts:ExternalId"
      values   = ["7c1f-4e0a"]
    }
  }
}

# arn:aws:iam::111111111111:role/sealift-source: looks the source up and logs in to it.
resource "aws_iam_role" "sealift_sealift_source" {
  name                 = "sealift-source"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_source_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_source" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_source.id
  policy = data.aws_iam_policy_document.sealift_sealift_source.json
}

data "aws_iam_policy_document" "sealift_sealift_door" {
  # CloseDoorSource: removes the rule of a machine that was lost. Needed by check, plan, copy, unload, sync,
  # resume, verify, clean, scan, mask. Promise: every door opened is closed.
  statement {
    sid       = "CloseDoorSource"
    actions   = ["ec2:RevokeSecurityGroupIngress"]
    resources = ["arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"]
  }
}

data "aws_iam_policy_document" "sealift_sealift_door_trust" {
  # Scheduler: EventBridge Scheduler closes doors as this role, for schedules of this account. Needed by check,
  # plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
  statement {
    sid     = "Scheduler"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111111111111"]
    }
  }
}

# arn:aws:iam::111111111111:role/sealift-door: closes the source's door if nobody else does.
resource "aws_iam_role" "sealift_sealift_door" {
  name                 = "sealift-door"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.sealift_sealift_door_trust.json
}

resource "aws_iam_role_policy" "sealift_sealift_door" {
  name   = "sealift"
  role   = aws_iam_role.sealift_sealift_door.id
  policy = data.aws_iam_policy_document.sealift_sealift_door.json
}

data "aws_iam_policy_document" "sealift_redshift_unload" {
  # UnloadList: UNLOAD refuses a prefix below which something is. Needed by check, copy, unload, sync, resume.
  # Promise: whole or untouched.
  statement {
    sid       = "UnloadList"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::corp-sealift"]
  }

  # Unload: UNLOAD writes data and manifest. Needed by check, copy, unload, sync, resume. Promise: nothing staged
  # in clear.
  statement {
    sid       = "Unload"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # UnloadKey: under the key, through S3 alone. Needed by check, copy, unload, sync, resume. Promise: nothing
  # staged in clear.
  statement {
    sid       = "UnloadKey"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.stage_key_arn]

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

  # UnloadRead: the manual asks for GET, LIST and PUT. Needed by check, copy, unload, sync, resume. Promise:
  # nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
  statement {
    sid       = "UnloadRead"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::corp-sealift/prod-to-dev/*"]
  }

  # UnloadKeyParts: S3 reads the parts of a large object when it puts them together. Needed by check, copy,
  # unload, sync, resume. Promise: nothing staged in clear. Asked for by S3 User Guide mpuoverview.
  statement {
    sid       = "UnloadKeyParts"
    actions   = ["kms:Decrypt"]
    resources = [var.stage_key_arn]

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

data "aws_iam_policy_document" "sealift_redshift_unload_trust" {
  # Source: the source runs statements of this database user as this role, and no other's. Needed by check, copy,
  # unload, sync, resume. Promise: least privilege.
  statement {
    sid     = "Source"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["redshift.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader"]
    }
  }
}

# arn:aws:iam::111111111111:role/redshift-unload: is what UNLOAD writes as. Attach it to the source afterwards:
# aws redshift modify-cluster-iam-roles --region eu-west-1 --cluster-identifier prod-dw --add-iam-roles
# arn:aws:iam::111111111111:role/redshift-unload
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
