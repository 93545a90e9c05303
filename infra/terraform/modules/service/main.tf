locals {
  # SIGTERM, then createDrain: not ready, grace, hooks. The kill must come after that.
  stop_timeout = var.drain.not_ready_seconds + var.drain.grace_seconds + var.drain.hooks_seconds + 5
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_security_group" "alb" {
  region      = var.region
  name        = "${var.name}-alb"
  description = "Clients to the load balancer"
  vpc_id      = var.vpc_id

  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "task" {
  region      = var.region
  name        = "${var.name}-task"
  description = "The load balancer to the tasks"
  vpc_id      = var.vpc_id

  ingress {
    from_port       = var.container_port
    to_port         = var.container_port
    protocol        = "tcp"
    security_groups = [aws_security_group.alb.id]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_lb" "this" {
  region             = var.region
  name               = var.name
  load_balancer_type = "application"
  subnets            = var.public_subnet_ids
  security_groups    = [aws_security_group.alb.id]
  # The app must keep its idle connections longer than this. Otherwise the balancer uses one that the app has closed.
  idle_timeout               = 60
  drop_invalid_header_fields = true
  enable_deletion_protection = true
}

resource "aws_lb_target_group" "this" {
  region      = var.region
  name        = var.name
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = var.container_port
  protocol    = "HTTP"
  # ECS deregisters a task and sends SIGTERM. Requests that run may end within the grace of the drain.
  deregistration_delay = var.drain.not_ready_seconds + var.drain.grace_seconds

  health_check {
    path                = var.ready_path
    matcher             = "200"
    interval            = var.check_interval
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "https" {
  region            = var.region
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

# Orders of an operator come from inside. The door has a token, and the public does not reach it at all.
resource "aws_lb_listener_rule" "operator" {
  region       = var.region
  listener_arn = aws_lb_listener.https.arn
  priority     = 1

  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
  condition {
    path_pattern {
      values = ["/operator", "/operator/*"]
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  region            = var.region
  name              = "/ecs/${var.name}"
  retention_in_days = 30
}

resource "aws_ecs_cluster" "this" {
  region = var.region
  name   = var.name
}

# Roles are global: the region in the name keeps them apart, and a policy names only the secrets of its region.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-${var.region}-execution"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "secrets" {
  count = length(var.secrets) == 0 ? 0 : 1

  name = "secrets"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
      Resource = values(var.secrets)
    }]
  })
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-${var.region}-task"
  assume_role_policy = local.assume_role_policy
}

# In any region: where the own region does not answer, the app asks the next one. The name of a secret ends with six
# characters in its ARN.
locals {
  task_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for name in var.reads.names : "arn:aws:secretsmanager:*:*:secret:${var.reads.prefix}/${name}-??????"]
      },
      {
        Effect   = "Allow"
        Action   = ["ssm:GetParameters", "ssm:GetParametersByPath"]
        Resource = ["arn:aws:ssm:*:*:parameter/${var.reads.prefix}", "arn:aws:ssm:*:*:parameter/${var.reads.prefix}/*"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "task" {
  count = length(var.reads.names) == 0 ? 0 : 1

  name   = "reads"
  role   = aws_iam_role.task.id
  policy = local.task_policy
}

resource "aws_ecs_task_definition" "this" {
  region                   = var.region
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name         = var.name
    image        = var.image
    essential    = true
    stopTimeout  = local.stop_timeout
    portMappings = [{ containerPort = var.container_port }]
    environment  = [for name, value in merge(var.environment, { REGION = var.region }) : { name = name, value = value }]
    secrets      = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = var.name
      }
    }
  }])

  # The rollout registers the task definitions of later versions.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ecs_service" "this" {
  region                             = var.region
  name                               = var.name
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.tasks.min
  launch_type                        = "FARGATE"
  health_check_grace_period_seconds  = var.start_grace_seconds
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"

  # A version that does not start leaves the previous one in place.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets         = var.private_subnet_ids
    security_groups = [aws_security_group.task.id]
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = var.name
    container_port   = var.container_port
  }

  lifecycle {
    # The rollout owns the version, and the scaling owns the count.
    ignore_changes = [task_definition, desired_count]
  }

  depends_on = [aws_lb_listener.https]
}

resource "aws_appautoscaling_target" "this" {
  region             = var.region
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
}

resource "aws_appautoscaling_policy" "cpu" {
  region             = var.region
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 50
    scale_in_cooldown  = 300
    scale_out_cooldown = 30

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
