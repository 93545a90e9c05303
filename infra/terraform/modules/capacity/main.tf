# Arithmetic only. When a region is lost, its clients go to the next one. In the outage of October 2025 new instances could
# not be launched where they were needed: what a region needs for that day must run before it.

locals {
  others = {
    for name, region in var.regions : name => concat([0], [for other, value in var.regions : value.peak if other != name])
  }
  wanted = {
    for name, region in var.regions : name => ceil(region.peak + max(local.others[name]...))
  }
  tasks = {
    for name, region in var.regions : name => {
      min = min(region.max, var.ready_for_loss ? local.wanted[name] : ceil(region.peak))
      max = region.max
    }
  }
}

check "loss_of_a_region" {
  assert {
    condition     = alltrue([for name, region in var.regions : local.wanted[name] <= region.max])
    error_message = "A region cannot take over the largest other one: its max is too low. Raise max, or accept errors on that day."
  }
}
