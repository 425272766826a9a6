#!/usr/bin/env bash
# What the source of move.yaml needs, written by sealift setup aws: each permission with what it is for. Run it
# with the credentials of an administrator of the account: 111111111111. On stdout is the key's name for the
# other scripts, as eval takes it. What is there already is brought to what stands here: the trust and the
# policy named sealift of each role, and the settings of the key and the bucket. sealift setup aws --diff tells
# beforehand what would change.
set -euo pipefail

# once makes something, and takes it for done where it is there already.
once() {
  local out
  out=$("$@" 2>&1) || case $out in
    *EntityAlreadyExists* | *BucketAlreadyOwnedByYou* | *AlreadyExistsException*) ;;
    *)
      printf '%s\n' "$out" >&2
      return 1
      ;;
  esac
}

# with_key puts the ARN of the stage's key where a document names it.
with_key() { printf '%s' "${1//'${StageKeyArn}'/$StageKeyArn}"; }

# role NAME PATH SECONDS TRUST POLICY makes a role, or brings the one that is there to what stands here.
role() {
  once aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4"
  aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
  aws iam put-role-policy --role-name "$1" --policy-name sealift --policy-document "$(with_key "$5")"
}

# in_account ID tells whether the credentials are of an account.
account=$(aws sts get-caller-identity --query Account --output text)
in_account() { [ "$account" = "$1" ]; }
case $account in
  111111111111) ;;
  *)
    echo "nothing of this is in account $account" >&2
    exit 1
    ;;
esac

# The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than
# its own, it is to be said: export StageKeyArn=arn:...
StageKeyArn=${StageKeyArn:-}
if [ -z "$StageKeyArn" ] && in_account 333333333333; then
  StageKeyArn=$(aws kms describe-key --region eu-west-1 --key-id alias/sealift --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in
    *NotFoundException*) StageKeyArn= ;;
    *)
      printf '%s\n' "$StageKeyArn" >&2
      exit 1
      ;;
  esac
fi
: "${StageKeyArn:?make the stage first, or say which key: export StageKeyArn=arn:...}"

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/sealift-source: looks the source up and logs in to it.
# Loader: taken by arn:aws:iam::333333333333:role/sealift-loader alone, and only with the external id: that it
# cannot be taken without is tried by each run. Needed by check, plan, copy, unload, sync, resume, verify,
# clean, scan, mask. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Loader",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::333333333333:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::333333333333:role/sealift-loader"
        },
        "StringEquals": {
          "sts:ExternalId": "7c1f-4e0a"
        }
      }
    }
  ]
}
JSON
# LookUpSource: finds the address of the source. Needed by check, plan, copy, unload, sync, resume, verify,
# clean, scan, mask. Promise: least privilege.
# LogInSource: a password for an hour at most, of this database user in this database. Needed by check, plan,
# copy, unload, sync, resume, verify, clean, scan, mask. Promise: no secret anywhere.
# DoorSeeSource: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, unload,
# sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because EC2 has no
# resources in permissions to describe.
# DoorSource: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
# plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
# DoorTagSource: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
# unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because a rule's
# id is not known before it is made; only in the request that makes it.
# DoorShareSource: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
# copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed. Wide because a
# rule's id is not known before it is made; only rules that are tagged as Sealift's.
# DoorScheduleSource: a one-time schedule, made before the rule, closes the door if this machine is lost. Needed
# by check, plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
# DoorPassSource: the schedule acts as this role. Needed by check, plan, copy, unload, sync, resume, verify,
# clean, scan, mask. Promise: every door opened is closed.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "LookUpSource",
      "Effect": "Allow",
      "Action": "redshift:DescribeClusters",
      "Resource": "arn:aws:redshift:eu-west-1:111111111111:cluster:prod-dw"
    },
    {
      "Sid": "LogInSource",
      "Effect": "Allow",
      "Action": "redshift:GetClusterCredentials",
      "Resource": [
        "arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader",
        "arn:aws:redshift:eu-west-1:111111111111:dbname:prod-dw/analytics"
      ]
    },
    {
      "Sid": "DoorSeeSource",
      "Effect": "Allow",
      "Action": "ec2:DescribeSecurityGroupRules",
      "Resource": "*"
    },
    {
      "Sid": "DoorSource",
      "Effect": "Allow",
      "Action": [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress"
      ],
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"
    },
    {
      "Sid": "DoorTagSource",
      "Effect": "Allow",
      "Action": "ec2:CreateTags",
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "ec2:CreateAction": "AuthorizeSecurityGroupIngress",
          "aws:RequestTag/sealift": "door"
        }
      }
    },
    {
      "Sid": "DoorShareSource",
      "Effect": "Allow",
      "Action": [
        "ec2:CreateTags",
        "ec2:DeleteTags"
      ],
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "aws:ResourceTag/sealift": "door"
        }
      }
    },
    {
      "Sid": "DoorScheduleSource",
      "Effect": "Allow",
      "Action": [
        "scheduler:CreateSchedule",
        "scheduler:GetSchedule",
        "scheduler:UpdateSchedule",
        "scheduler:DeleteSchedule"
      ],
      "Resource": "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/sealift-door-*"
    },
    {
      "Sid": "DoorPassSource",
      "Effect": "Allow",
      "Action": "iam:PassRole",
      "Resource": "arn:aws:iam::111111111111:role/sealift-door",
      "Condition": {
        "StringEquals": {
          "iam:PassedToService": "scheduler.amazonaws.com"
        }
      }
    }
  ]
}
JSON
  role sealift-source / 3600 "$trust" "$policy"
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/sealift-door: closes the source's door if nobody else does.
# Scheduler: EventBridge Scheduler closes doors as this role, for schedules of this account. Needed by check,
# plan, copy, unload, sync, resume, verify, clean, scan, mask. Promise: every door opened is closed.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Scheduler",
      "Effect": "Allow",
      "Principal": {
        "Service": "scheduler.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "111111111111"
        }
      }
    }
  ]
}
JSON
# CloseDoorSource: removes the rule of a machine that was lost. Needed by check, plan, copy, unload, sync,
# resume, verify, clean, scan, mask. Promise: every door opened is closed.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "CloseDoorSource",
      "Effect": "Allow",
      "Action": "ec2:RevokeSecurityGroupIngress",
      "Resource": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"
    }
  ]
}
JSON
  role sealift-door / 3600 "$trust" "$policy"
fi

if in_account 111111111111; then
# arn:aws:iam::111111111111:role/redshift-unload: is what UNLOAD writes as.
# Source: the source runs statements of this database user as this role, and no other's. Needed by check, copy,
# unload, sync, resume. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Source",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader"
        }
      }
    }
  ]
}
JSON
# UnloadList: UNLOAD refuses a prefix below which something is. Needed by check, copy, unload, sync, resume.
# Promise: whole or untouched.
# Unload: UNLOAD writes data and manifest. Needed by check, copy, unload, sync, resume. Promise: nothing staged
# in clear.
# UnloadKey: under the key, through S3 alone. Needed by check, copy, unload, sync, resume. Promise: nothing
# staged in clear.
# UnloadRead: the manual asks for GET, LIST and PUT. Needed by check, copy, unload, sync, resume. Promise:
# nothing staged in clear. Asked for by DG copy-usage_notes-access-permissions.
# UnloadKeyParts: S3 reads the parts of a large object when it puts them together. Needed by check, copy,
# unload, sync, resume. Promise: nothing staged in clear. Asked for by S3 User Guide mpuoverview.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "UnloadList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::corp-sealift"
    },
    {
      "Sid": "Unload",
      "Effect": "Allow",
      "Action": "s3:PutObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "UnloadKey",
      "Effect": "Allow",
      "Action": "kms:GenerateDataKey",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    },
    {
      "Sid": "UnloadRead",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::corp-sealift/prod-to-dev/*"
    },
    {
      "Sid": "UnloadKeyParts",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws:s3:::corp-sealift",
            "arn:aws:s3:::corp-sealift/prod-to-dev/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift-unload / 3600 "$trust" "$policy"
  aws redshift modify-cluster-iam-roles --region eu-west-1 --cluster-identifier prod-dw --add-iam-roles arn:aws:iam::111111111111:role/redshift-unload --query Cluster.ClusterIdentifier --output text >&2
fi

echo done >&2
