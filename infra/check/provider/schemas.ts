/**
 * What the stub knows of each resource type: the arguments that our modules and fixtures use, written down from the
 * documentation of the AWS provider, version 6. It is no copy of the provider: what is not here, it calls unsupported.
 *
 * `name:type` with a mark: `!` required, `?` optional, `~` optional and computed, `=` computed. `*`: a change replaces the
 * resource. `w`: write-only, never in the state.
 */
export interface ResourceFacts {
  readonly attributes: string;
  readonly blocks?: Readonly<Record<string, BlockFacts>>;
  /** Attributes that must not be set together. */
  readonly conflicts?: readonly (readonly [string, string])[];
  /** Exactly one of each list must be set. */
  readonly oneOf?: readonly (readonly string[])[];
  readonly values?: Readonly<Record<string, readonly unknown[]>>;
  readonly ranges?: Readonly<Record<string, readonly [number, number]>>;
}

export interface BlockFacts extends Pick<ResourceFacts, 'attributes' | 'blocks'> {
  readonly max?: number;
  readonly set?: true;
}

const RULE = 'from_port:number? to_port:number? protocol:string? cidr_blocks:list? security_groups:set?';

export const RESOURCES: Readonly<Record<string, ResourceFacts>> = {
  aws_route53_record: {
    attributes:
      'id:string~ zone_id:string!* name:string!* type:string! ttl:number? records:set? set_identifier:string?* health_check_id:string? fqdn:string=',
    blocks: {
      alias: { attributes: 'name:string! zone_id:string! evaluate_target_health:bool!', max: 1 },
      latency_routing_policy: { attributes: 'region:string!', max: 1 },
      failover_routing_policy: { attributes: 'type:string!', max: 1 },
    },
    conflicts: [
      ['latency_routing_policy', 'failover_routing_policy'],
      ['alias', 'ttl'],
      ['alias', 'records'],
    ],
    oneOf: [['alias', 'records']],
  },
  aws_route53_health_check: {
    attributes:
      'id:string~ fqdn:string? port:number? type:string!* resource_path:string? failure_threshold:number~ request_interval:number?* enable_sni:bool~ tags:map?',
    values: { request_interval: [10, 30] },
    ranges: { failure_threshold: [1, 10] },
  },
  aws_db_instance: {
    attributes:
      'id:string~ region:string~* identifier:string~* replicate_source_db:string? engine:string~* engine_version:string~ db_name:string~* username:string~* password_wo:string?w password_wo_version:number? manage_master_user_password:bool? allocated_storage:number~ instance_class:string! storage_encrypted:bool?* kms_key_id:string~* backup_retention_period:number~ copy_tags_to_snapshot:bool? multi_az:bool~ db_subnet_group_name:string~ vpc_security_group_ids:set~ parameter_group_name:string~ auto_minor_version_upgrade:bool? performance_insights_enabled:bool? deletion_protection:bool? skip_final_snapshot:bool? final_snapshot_identifier:string? availability_zone:string~* snapshot_identifier:string~* arn:string= address:string= endpoint:string=',
    conflicts: [
      ['replicate_source_db', 'engine'],
      ['replicate_source_db', 'engine_version'],
      ['replicate_source_db', 'db_name'],
      ['replicate_source_db', 'username'],
    ],
    ranges: { backup_retention_period: [0, 35] },
  },
  aws_db_parameter_group: {
    attributes: 'id:string~ region:string~* name:string~* family:string!*',
    blocks: { parameter: { attributes: 'name:string! value:string! apply_method:string?', set: true } },
  },
  aws_secretsmanager_secret: {
    attributes:
      'id:string~ region:string~* name:string~* kms_key_id:string? recovery_window_in_days:number? arn:string=',
    blocks: { replica: { attributes: 'region:string! kms_key_id:string~', set: true } },
    ranges: { recovery_window_in_days: [0, 30] },
  },
  aws_secretsmanager_secret_version: {
    attributes: 'id:string~ region:string~* secret_id:string!* secret_string:string?',
  },
  aws_ssm_parameter: { attributes: 'id:string~ region:string~* name:string!* type:string! value:string~' },
  aws_security_group: {
    attributes: 'id:string~ region:string~* name:string~* description:string?* vpc_id:string~*',
    blocks: { ingress: { attributes: RULE, set: true }, egress: { attributes: RULE, set: true } },
  },
  aws_lb: {
    attributes:
      'id:string~ region:string~* name:string~* load_balancer_type:string?* subnets:set~ security_groups:set~ idle_timeout:number? drop_invalid_header_fields:bool? enable_deletion_protection:bool? arn:string= dns_name:string= zone_id:string=',
  },
  aws_lb_target_group: {
    attributes:
      'id:string~ region:string~* name:string~* vpc_id:string?* target_type:string?* port:number?* protocol:string?* deregistration_delay:string? arn:string=',
    blocks: {
      health_check: {
        attributes:
          'path:string~ matcher:string~ interval:number? timeout:number~ healthy_threshold:number? unhealthy_threshold:number?',
        max: 1,
      },
    },
    ranges: { deregistration_delay: [0, 3_600] },
  },
  aws_lb_listener: {
    attributes:
      'id:string~ region:string~* load_balancer_arn:string!* port:number? protocol:string~ ssl_policy:string~ certificate_arn:string? arn:string=',
    blocks: { default_action: { attributes: 'type:string! target_group_arn:string?' } },
  },
  aws_lb_listener_rule: {
    attributes: 'id:string~ region:string~* listener_arn:string!* priority:number~',
    blocks: {
      action: {
        attributes: 'type:string!',
        blocks: {
          fixed_response: { attributes: 'content_type:string! message_body:string? status_code:string~', max: 1 },
        },
      },
      condition: { attributes: '', set: true, blocks: { path_pattern: { attributes: 'values:set!', max: 1 } } },
    },
  },
  aws_cloudwatch_log_group: { attributes: 'id:string~ region:string~* name:string~* retention_in_days:number?' },
  aws_ecs_cluster: { attributes: 'id:string~ region:string~* name:string!* arn:string=' },
  aws_ecs_task_definition: {
    attributes:
      'id:string~ region:string~* family:string!* requires_compatibilities:set?* network_mode:string~* cpu:string?* memory:string?* execution_role_arn:string?* task_role_arn:string?* container_definitions:string!* arn:string=',
  },
  aws_ecs_service: {
    attributes:
      'id:string~ region:string~* name:string!* cluster:string~* task_definition:string? desired_count:number? launch_type:string~* health_check_grace_period_seconds:number? deployment_minimum_healthy_percent:number? deployment_maximum_percent:number? availability_zone_rebalancing:string~',
    blocks: {
      deployment_circuit_breaker: { attributes: 'enable:bool! rollback:bool!', max: 1 },
      network_configuration: { attributes: 'subnets:set! security_groups:set? assign_public_ip:bool?', max: 1 },
      load_balancer: {
        attributes: 'target_group_arn:string? container_name:string! container_port:number!',
        set: true,
      },
    },
  },
  aws_iam_role: { attributes: 'id:string~ name:string~* assume_role_policy:string! arn:string=' },
  aws_iam_role_policy: { attributes: 'id:string~ name:string~* role:string!* policy:string!' },
  aws_iam_role_policy_attachment: { attributes: 'id:string~ role:string!* policy_arn:string!*' },
  aws_appautoscaling_target: {
    attributes:
      'id:string~ region:string~* service_namespace:string!* scalable_dimension:string!* resource_id:string!* min_capacity:number! max_capacity:number!',
  },
  aws_appautoscaling_policy: {
    attributes:
      'id:string~ region:string~* name:string!* policy_type:string? service_namespace:string!* scalable_dimension:string!* resource_id:string!*',
    blocks: {
      target_tracking_scaling_policy_configuration: {
        attributes: 'target_value:number! scale_in_cooldown:number? scale_out_cooldown:number?',
        max: 1,
        blocks: { predefined_metric_specification: { attributes: 'predefined_metric_type:string!', max: 1 } },
      },
    },
  },
};

export const DATA_SOURCES: Readonly<Record<string, ResourceFacts>> = {
  aws_caller_identity: { attributes: 'id:string~ account_id:string=' },
};
