# The user and the password are the same everywhere, because a replica has the roles of its primary. The host is not: a
# replicated secret with the primary's host sends every region across the ocean, and after a failover to a dead server.

resource "aws_secretsmanager_secret" "this" {
  for_each = var.names

  region                  = var.region
  name                    = "${var.prefix}/${each.key}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30

  # A replica is a block of its secret, and has its name in each region.
  dynamic "replica" {
    for_each = var.replica_regions
    content {
      region     = replica.key
      kms_key_id = replica.value.kms_key_arn
    }
  }
}

resource "aws_ssm_parameter" "host" {
  for_each = var.hosts

  region = each.key
  name   = "/${var.prefix}/database/host"
  type   = "String"
  value  = each.value
}
