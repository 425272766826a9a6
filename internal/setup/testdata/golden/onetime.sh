#!/usr/bin/env bash
# What the target of gov.yaml needs, written by sealift setup aws: each permission with what it is for. Run it
# with the credentials of an administrator of the account: 222222222222. On stdout is the key's name for the
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
  222222222222) ;;
  *)
    echo "nothing of this is in account $account" >&2
    exit 1
    ;;
esac

# The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than
# its own, it is to be said: export StageKeyArn=arn:...
StageKeyArn=${StageKeyArn:-}
if [ -z "$StageKeyArn" ] && in_account 222222222222; then
  StageKeyArn=$(aws kms describe-key --region us-gov-west-1 --key-id alias/sealift --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in
    *NotFoundException*) StageKeyArn= ;;
    *)
      printf '%s\n' "$StageKeyArn" >&2
      exit 1
      ;;
  esac
fi
: "${StageKeyArn:?make the stage first, or say which key: export StageKeyArn=arn:...}"

if in_account 222222222222; then
# Whoever has a token of this issuer, for this audience, can be somebody here. Where the provider is there
# already, see that it has the audience.
  once aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com --client-id-list sts.amazonaws.com
fi

if in_account 222222222222; then
# arn:aws-us-gov:iam::222222222222:role/redshift-copy: is what COPY reads as.
# Target: the target runs statements of this database user as this role, and no other's. Needed by check, copy,
# load, sync, resume, reseal. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Target",
      "Effect": "Allow",
      "Principal": {
        "Service": "redshift.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader"
        }
      }
    }
  ]
}
JSON
# FilesList: finds the objects that a job's files name. Needed by load, sync, resume. Promise: whole or
# untouched. Asked for by DG copy-usage_notes-access-permissions.
# Files: reads Parquet, and text that UNLOAD wrote, where it is. Needed by load, sync, resume. Promise: exit 0
# means verified.
# FilesKey: objects that somebody encrypted under a KMS key are read. Needed by load, sync, resume. Promise:
# exit 0 means verified. Wide because which key that is, only the object tells; through S3, and for these
# objects alone.
# CopyList: COPY looks for what its manifest names. Needed by check, copy, load, sync, resume, reseal. Promise:
# exit 0 means verified. Asked for by DG copy-usage_notes-access-permissions.
# Copy: COPY reads the manifest and the data. Needed by check, copy, load, sync, resume, reseal. Promise: exit 0
# means verified.
# CopyKey: under the key, through S3 alone; it can read and never write. Needed by check, copy, load, sync,
# resume, reseal. Promise: nothing staged in clear.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "FilesList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-us-gov:s3:::partner-drop"
    },
    {
      "Sid": "Files",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws-us-gov:s3:::partner-drop/in/2026-*"
    },
    {
      "Sid": "FilesKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "arn:aws-us-gov:kms:us-gov-west-1:*:key/*",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.us-gov-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-us-gov:s3:::partner-drop",
            "arn:aws-us-gov:s3:::partner-drop/in/2026-*"
          ]
        }
      }
    },
    {
      "Sid": "CopyList",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws-us-gov:s3:::corp-sealift-gov"
    },
    {
      "Sid": "Copy",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"
    },
    {
      "Sid": "CopyKey",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${StageKeyArn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.us-gov-west-1.amazonaws.com"
        },
        "StringLike": {
          "kms:EncryptionContext:aws:s3:arn": [
            "arn:aws-us-gov:s3:::corp-sealift-gov",
            "arn:aws-us-gov:s3:::corp-sealift-gov/loads/*"
          ]
        }
      }
    }
  ]
}
JSON
  role redshift-copy / 3600 "$trust" "$policy"
  aws redshift modify-cluster-iam-roles --region us-gov-west-1 --cluster-identifier dev --add-iam-roles arn:aws-us-gov:iam::222222222222:role/redshift-copy --query Cluster.ClusterIdentifier --output text >&2
fi

if in_account 222222222222; then
# arn:aws-us-gov:iam::222222222222:role/sealift-web: is on the way to the target's account.
# Tokens: whoever has a token of this issuer, for this audience and of this subject, takes the role without any
# key. Needed by check, plan, copy, load, sync, resume, verify, clean, reseal. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Tokens",
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws-us-gov:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "StringEquals": {
          "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
          "token.actions.githubusercontent.com:sub": "repo:corp/etl:ref:refs/heads/main"
        }
      }
    }
  ]
}
JSON
# TakeTarget: comes into the account of the target. Needed by check, plan, copy, load, sync, resume, verify,
# clean, reseal. Promise: least privilege.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "TakeTarget",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws-us-gov:iam::222222222222:role/sealift-target"
    }
  ]
}
JSON
  role sealift-web / 3600 "$trust" "$policy"
fi

if in_account 222222222222; then
# arn:aws-us-gov:iam::222222222222:role/sealift-target: looks the target up and logs in to it.
# Loader: taken by arn:aws-us-gov:iam::222222222222:role/sealift-web alone, and only with the external id: that
# it cannot be taken without is tried by each run. Needed by check, plan, copy, load, sync, resume, verify,
# clean, reseal. Promise: least privilege.
read -r -d '' trust <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Loader",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws-us-gov:iam::222222222222:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws-us-gov:iam::222222222222:role/sealift-web"
        },
        "StringEquals": {
          "sts:ExternalId": "9d2e-5f1b"
        }
      }
    }
  ]
}
JSON
# LookUpTarget: finds the address of the target. Needed by check, plan, copy, load, sync, resume, verify, clean,
# reseal. Promise: least privilege.
# LogInTarget: a password for an hour at most, of this database user in this database. Needed by check, plan,
# copy, load, sync, resume, verify, clean, reseal. Promise: no secret anywhere.
# MakeUserTarget: auto_create: the user is made at its first login. Needed by check, plan, copy, load, sync,
# resume, verify, clean, reseal. Promise: no secret anywhere.
# JoinGroupsTarget: groups: the session joins them. Needed by check, plan, copy, load, sync, resume, verify,
# clean, reseal. Promise: no secret anywhere.
# DoorSeeTarget: sees whose rule lets us in already, and that ours is gone. Needed by check, plan, copy, load,
# sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because EC2 has no resources
# in permissions to describe.
# DoorTarget: adds a rule for one address and port, and removes it again, in this group alone. Needed by check,
# plan, copy, load, sync, resume, verify, clean, reseal. Promise: every door opened is closed.
# DoorTagTarget: a rule is made with the tags that say whose it is, and until when. Needed by check, plan, copy,
# load, sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because a rule's id is
# not known before it is made; only in the request that makes it.
# DoorShareTarget: runs that share a rule each put their tag on it, and take it off. Needed by check, plan,
# copy, load, sync, resume, verify, clean, reseal. Promise: every door opened is closed. Wide because a rule's
# id is not known before it is made; only rules that are tagged as Sealift's.
read -r -d '' policy <<'JSON' || true
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "LookUpTarget",
      "Effect": "Allow",
      "Action": "redshift:DescribeClusters",
      "Resource": "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:cluster:dev"
    },
    {
      "Sid": "LogInTarget",
      "Effect": "Allow",
      "Action": "redshift:GetClusterCredentials",
      "Resource": [
        "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader",
        "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbname:dev/analytics"
      ]
    },
    {
      "Sid": "MakeUserTarget",
      "Effect": "Allow",
      "Action": "redshift:CreateClusterUser",
      "Resource": "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbuser:dev/loader"
    },
    {
      "Sid": "JoinGroupsTarget",
      "Effect": "Allow",
      "Action": "redshift:JoinGroup",
      "Resource": [
        "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbgroup:dev/etl",
        "arn:aws-us-gov:redshift:us-gov-west-1:222222222222:dbgroup:dev/loads"
      ]
    },
    {
      "Sid": "DoorSeeTarget",
      "Effect": "Allow",
      "Action": "ec2:DescribeSecurityGroupRules",
      "Resource": "*"
    },
    {
      "Sid": "DoorTarget",
      "Effect": "Allow",
      "Action": [
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress"
      ],
      "Resource": "arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group/sg-0a1b2c3d"
    },
    {
      "Sid": "DoorTagTarget",
      "Effect": "Allow",
      "Action": "ec2:CreateTags",
      "Resource": "arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "ec2:CreateAction": "AuthorizeSecurityGroupIngress",
          "aws:RequestTag/sealift": "door"
        }
      }
    },
    {
      "Sid": "DoorShareTarget",
      "Effect": "Allow",
      "Action": [
        "ec2:CreateTags",
        "ec2:DeleteTags"
      ],
      "Resource": "arn:aws-us-gov:ec2:us-gov-west-1:222222222222:security-group-rule/*",
      "Condition": {
        "StringEquals": {
          "aws:ResourceTag/sealift": "door"
        }
      }
    }
  ]
}
JSON
  role sealift-target / 3600 "$trust" "$policy"
fi

echo done >&2
