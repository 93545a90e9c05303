# The global name leads to the nearest healthy region, and each region has a name of its own. The health check asks the
# region's own name. A check of the global name asks the region that DNS returns, so it does not fail while any region
# answers.

locals {
  checked = var.standby == null ? var.regions : merge(var.regions, { standby = var.standby })
  # With a standby the group of latency records stands under a name of its own, and two failover records stand above it.
  active_name = var.standby == null ? var.name : "active.${var.name}"
  type        = var.apex ? "A" : "CNAME"
}

resource "aws_route53_record" "region" {
  for_each = local.checked

  zone_id = var.zone_id
  name    = each.value.host
  type    = "CNAME"
  ttl     = 60
  records = [each.value.alb_name]
}

resource "aws_route53_health_check" "region" {
  for_each = local.checked

  fqdn              = each.value.host
  type              = "HTTPS"
  port              = 443
  resource_path     = var.health_path
  request_interval  = var.check_interval
  failure_threshold = var.failure_threshold
  enable_sni        = true
  tags              = { Name = each.value.host }
}

resource "aws_route53_record" "latency" {
  for_each = var.regions

  zone_id         = var.zone_id
  name            = local.active_name
  type            = local.type
  ttl             = var.apex ? null : var.ttl
  records         = var.apex ? null : [each.value.alb_name]
  set_identifier  = each.key
  health_check_id = aws_route53_health_check.region[each.key].id

  latency_routing_policy {
    region = each.key
  }

  dynamic "alias" {
    for_each = var.apex ? [each.value] : []
    content {
      name                   = alias.value.alb_name
      zone_id                = alias.value.alb_zone_id
      evaluate_target_health = true
    }
  }
}

# An alias of the group: it is healthy while one region of the group is.
resource "aws_route53_record" "primary" {
  count = var.standby == null ? 0 : 1

  zone_id        = var.zone_id
  name           = var.name
  type           = local.type
  set_identifier = "regions"

  failover_routing_policy {
    type = "PRIMARY"
  }

  alias {
    name                   = local.active_name
    zone_id                = var.zone_id
    evaluate_target_health = true
  }

  depends_on = [aws_route53_record.latency]
}

resource "aws_route53_record" "standby" {
  count = var.standby == null ? 0 : 1

  zone_id         = var.zone_id
  name            = var.name
  type            = local.type
  ttl             = var.apex ? null : var.ttl
  records         = var.apex ? null : [var.standby.alb_name]
  set_identifier  = "standby"
  health_check_id = aws_route53_health_check.region["standby"].id

  failover_routing_policy {
    type = "SECONDARY"
  }

  dynamic "alias" {
    for_each = var.apex ? [var.standby] : []
    content {
      name                   = alias.value.alb_name
      zone_id                = alias.value.alb_zone_id
      evaluate_target_health = true
    }
  }
}
