# One resource for both roles. After a failover a replica is the primary, and it must keep its address in the state: a
# module with one resource for the primary and another one for the replicas would destroy the new primary.

locals {
  is_primary    = var.replicate_from_arn == null
  major_version = split(".", var.engine_version)[0]
}

resource "aws_db_parameter_group" "this" {
  region = var.region
  name   = "${var.identifier}-pg${local.major_version}"
  family = "postgres${local.major_version}"

  # Logical decoding lists the writes that a failover has lost.
  parameter {
    name         = "rds.logical_replication"
    value        = "1"
    apply_method = "pending-reboot"
  }
  parameter {
    name  = "max_slot_wal_keep_size"
    value = tostring(var.max_slot_wal_keep_mb)
  }
  parameter {
    name         = "max_connections"
    value        = tostring(var.max_connections)
    apply_method = "pending-reboot"
  }
  parameter {
    name         = "hot_standby_feedback"
    value        = "1"
    apply_method = "immediate"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  region     = var.region
  identifier = var.identifier

  replicate_source_db = var.replicate_from_arn

  # A replica takes these from its source, and the provider refuses them beside replicate_source_db.
  engine              = local.is_primary ? "postgres" : null
  engine_version      = local.is_primary ? var.engine_version : null
  db_name             = local.is_primary ? var.database_name : null
  username            = local.is_primary ? var.username : null
  password_wo         = local.is_primary ? var.password : null
  password_wo_version = local.is_primary ? var.password_version : null
  allocated_storage   = local.is_primary ? var.allocated_storage : null

  instance_class          = var.instance_class
  storage_encrypted       = true
  kms_key_id              = var.kms_key_arn
  backup_retention_period = var.backup_retention_days
  copy_tags_to_snapshot   = true
  multi_az                = var.multi_az
  db_subnet_group_name    = var.subnet_group_name
  vpc_security_group_ids  = var.security_group_ids
  parameter_group_name    = aws_db_parameter_group.this.name

  auto_minor_version_upgrade   = false
  performance_insights_enabled = true
  deletion_protection          = true
  skip_final_snapshot          = false
  # Of the time at which this instance was planned: each one that is replaced leaves a snapshot of its own behind.
  final_snapshot_identifier = "${var.identifier}-final-${formatdate("YYYYMMDDhhmmss", plantimestamp())}"

  lifecycle {
    # A promotion changes these behind Terraform. Without this block the next apply asks the new primary to become a
    # replica again, and a role that is written into the configuration replaces it. The name of the snapshot has a time in
    # it: it is set when an instance is made, and kept.
    ignore_changes = [
      replicate_source_db,
      engine,
      engine_version,
      db_name,
      username,
      password_wo_version,
      allocated_storage,
      final_snapshot_identifier,
    ]

    precondition {
      condition     = startswith(var.kms_key_arn, "arn:aws") && strcontains(var.kms_key_arn, ":kms:${var.region}:")
      error_message = "kms_key_arn must be a key of the region of the instance."
    }
  }
}
