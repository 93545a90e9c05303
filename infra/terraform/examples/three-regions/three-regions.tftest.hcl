# terraform test: the plan of three regions, by the stub of the provider (infra/check/provider).

variables {
  zone_id           = "Z0000000000000"
  image             = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:0000"
  database_password = "not-a-real-password"
  vpc_cidrs         = ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"]
  regions = {
    us-east-1 = {
      host                 = "app-us-east-1.example.com"
      vpc_id               = "vpc-1"
      public_subnet_ids    = ["subnet-1a", "subnet-1b"]
      private_subnet_ids   = ["subnet-1c", "subnet-1d"]
      db_subnet_group_name = "database"
      certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      kms_key_arn          = "arn:aws:kms:us-east-1:123456789012:key/1"
      peak_tasks           = 6
      max_tasks            = 20
    }
    eu-west-1 = {
      host                 = "app-eu-west-1.example.com"
      vpc_id               = "vpc-2"
      public_subnet_ids    = ["subnet-2a", "subnet-2b"]
      private_subnet_ids   = ["subnet-2c", "subnet-2d"]
      db_subnet_group_name = "database"
      certificate_arn      = "arn:aws:acm:eu-west-1:123456789012:certificate/2"
      kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/2"
      peak_tasks           = 4
      max_tasks            = 20
    }
    ap-southeast-1 = {
      host                 = "app-ap-southeast-1.example.com"
      vpc_id               = "vpc-3"
      public_subnet_ids    = ["subnet-3a", "subnet-3b"]
      private_subnet_ids   = ["subnet-3c", "subnet-3d"]
      db_subnet_group_name = "database"
      certificate_arn      = "arn:aws:acm:ap-southeast-1:123456789012:certificate/3"
      kms_key_arn          = "arn:aws:kms:ap-southeast-1:123456789012:key/3"
      peak_tasks           = 2
      max_tasks            = 20
    }
  }
}

run "three_regions" {
  command = apply

  assert {
    condition     = output.dns_forgets_seconds == 40
    error_message = "10 s × 3 checks and a TTL of 10 s."
  }
  assert {
    condition     = output.origins["eu-west-1"] == "https://app-eu-west-1.example.com"
    error_message = "The origin of a region is its own name."
  }
  assert {
    condition     = module.capacity.wanted["eu-west-1"] == 10 && module.capacity.wanted["us-east-1"] == 10
    error_message = "Each region can take over the largest other one: 4 + 6, and 6 + 4."
  }
}

run "a_task_reads_the_secrets_of_the_app_and_no_others" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(output.task_policies["eu-west-1"]).Statement : statement.Resource
      ])) == toset(concat(
      [for name in ["tokens", "peers", "jwt-public", "jwt-signing", "database"] : "arn:aws:secretsmanager:*:*:secret:app/${name}-??????"],
      ["arn:aws:ssm:*:*:parameter/app", "arn:aws:ssm:*:*:parameter/app/*"],
    ))
    error_message = "A task needs the secrets of the app, in any region, and nothing else."
  }
}

run "the_next_primary_is_written_down" {
  command = plan

  variables {
    primary = "eu-west-1"
  }

  assert {
    condition     = output.database_ids == run.three_regions.database_ids
    error_message = "A role that changes must replace no instance."
  }
}

run "a_standby_region_gets_the_failover_records" {
  command = plan

  module {
    source = "../../modules/dns"
  }

  variables {
    zone_id = "Z0000000000000"
    name    = "app.example.com"
    regions = {
      us-east-1 = { host = "app-us-east-1.example.com", alb_name = "us.elb.example.com", alb_zone_id = "Z1" }
      eu-west-1 = { host = "app-eu-west-1.example.com", alb_name = "eu.elb.example.com", alb_zone_id = "Z2" }
    }
    standby = { host = "app-ca-central-1.example.com", alb_name = "ca.elb.example.com", alb_zone_id = "Z3" }
  }

  assert {
    condition     = aws_route53_record.latency["us-east-1"].name == "active.app.example.com" && aws_route53_record.primary[0].name == "app.example.com"
    error_message = "The latency records stand below the failover records, under another name."
  }
}

run "an_apex_is_an_alias" {
  command = plan

  module {
    source = "../../modules/dns"
  }

  variables {
    zone_id = "Z0000000000000"
    name    = "example.com"
    apex    = true
    regions = {
      us-east-1 = { host = "app-us-east-1.example.com", alb_name = "us.elb.example.com", alb_zone_id = "Z1" }
    }
  }

  assert {
    condition     = output.forgets_seconds == 90
    error_message = "An alias has a TTL of 60 s. It ignores ttl."
  }
}

run "a_shared_name_is_refused" {
  command = plan

  module {
    source = "../../modules/dns"
  }

  variables {
    zone_id = "Z0000000000000"
    name    = "app.example.com"
    regions = {
      us-east-1 = { host = "app.example.com", alb_name = "us.elb.example.com", alb_zone_id = "Z1" }
    }
  }

  expect_failures = [var.regions]
}

run "a_drain_that_fargate_would_cut_off_is_refused" {
  command = plan

  module {
    source = "../../modules/service"
  }

  variables {
    region             = "us-east-1"
    vpc_id             = "vpc-1"
    public_subnet_ids  = ["a", "b"]
    private_subnet_ids = ["c", "d"]
    certificate_arn    = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    tasks              = { min = 2, max = 4 }
    drain              = { not_ready_seconds = 160 }
  }

  expect_failures = [var.drain]
}

run "a_source_by_identifier_is_refused" {
  command = plan

  module {
    source = "../../modules/database"
  }

  variables {
    region             = "eu-west-1"
    identifier         = "app-eu-west-1"
    replicate_from_arn = "app-us-east-1"
    kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/2"
    instance_class     = "db.r6g.large"
    subnet_group_name  = "database"
    security_group_ids = []
  }

  expect_failures = [var.replicate_from_arn]
}

run "a_key_of_another_region_is_refused" {
  command = plan

  module {
    source = "../../modules/database"
  }

  variables {
    region             = "eu-west-1"
    identifier         = "app-eu-west-1"
    kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/1"
    instance_class     = "db.r6g.large"
    subnet_group_name  = "database"
    security_group_ids = []
    password           = "not-a-real-password"
  }

  expect_failures = [aws_db_instance.this]
}

run "no_backups_is_refused" {
  command = plan

  module {
    source = "../../modules/database"
  }

  variables {
    region                = "eu-west-1"
    identifier            = "app-eu-west-1"
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2"
    instance_class        = "db.r6g.large"
    subnet_group_name     = "database"
    security_group_ids    = []
    backup_retention_days = 50
  }

  expect_failures = [var.backup_retention_days]
}

run "a_host_in_a_replicated_secret_is_refused" {
  command = plan

  module {
    source = "../../modules/secrets"
  }

  variables {
    region          = "us-east-1"
    replica_regions = { eu-west-1 = {} }
    names           = ["database", "database-host"]
    hosts           = {}
  }

  expect_failures = [var.names]
}

run "a_region_that_cannot_take_over_is_named" {
  command = plan

  module {
    source = "../../modules/capacity"
  }

  variables {
    regions = {
      us-east-1 = { peak = 6, max = 8 }
      eu-west-1 = { peak = 4, max = 20 }
    }
  }

  expect_failures = [check.loss_of_a_region]
}
