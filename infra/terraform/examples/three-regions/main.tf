data "aws_caller_identity" "current" {}

locals {
  prefix = "app"
  # Written out, not taken from the other instance: after a failover the arrow between the two turns round, and Terraform
  # allows no circle.
  database_arns = {
    for region in keys(var.regions) :
    region => "arn:aws:rds:${region}:${data.aws_caller_identity.current.account_id}:db:${local.prefix}-${region}"
  }
}

module "capacity" {
  source  = "../../modules/capacity"
  regions = { for name, region in var.regions : name => { peak = region.peak_tasks, max = region.max_tasks } }
}

resource "aws_security_group" "database" {
  for_each = var.regions

  region      = each.key
  name        = "${local.prefix}-database"
  description = "The apps of all regions to the database"
  vpc_id      = each.value.vpc_id

  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = var.vpc_cidrs
  }
}

# The primary of the first day is created before its replicas: apply with -target=module.database["us-east-1"] once.
module "database" {
  source   = "../../modules/database"
  for_each = var.regions

  region             = each.key
  identifier         = "${local.prefix}-${each.key}"
  replicate_from_arn = each.key == var.primary ? null : local.database_arns[var.primary]
  kms_key_arn        = each.value.kms_key_arn
  instance_class     = "db.r6g.large"
  engine_version     = "16"
  username           = "postgres"
  password           = var.database_password
  subnet_group_name  = each.value.db_subnet_group_name
  security_group_ids = [aws_security_group.database[each.key].id]
}

module "secrets" {
  source = "../../modules/secrets"

  # The first region in the alphabet, not the primary: a failover must not move the secrets.
  region          = sort(keys(var.regions))[0]
  replica_regions = { for name in slice(sort(keys(var.regions)), 1, length(var.regions)) : name => {} }
  prefix          = local.prefix
  hosts           = { for name, database in module.database : name => database.address }
}

module "service" {
  source   = "../../modules/service"
  for_each = var.regions

  region             = each.key
  name               = local.prefix
  image              = var.image
  vpc_id             = each.value.vpc_id
  public_subnet_ids  = each.value.public_subnet_ids
  private_subnet_ids = each.value.private_subnet_ids
  certificate_arn    = each.value.certificate_arn
  tasks              = module.capacity.tasks[each.key]
  reads              = { prefix = local.prefix, names = keys(module.secrets.names) }
  # No DATABASE_ROLE and no PRIMARY_REGION: the app discovers who takes the writes.
  environment = { SECRETS_PREFIX = local.prefix }
}

module "dns" {
  source = "../../modules/dns"

  zone_id = var.zone_id
  name    = var.name
  regions = {
    for name, region in var.regions : name => {
      host        = region.host
      alb_name    = module.service[name].alb_name
      alb_zone_id = module.service[name].alb_zone_id
    }
  }
}
