resource "aws_sns_topic" "alarms" {
  # checkov:skip=CKV_AWS_26: Under AWS's own key CloudWatch could not publish; alarms hold names and numbers.
  name = var.topic_name
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

# One metric each, without dimensions or metric maths: the pipeline publishes what an alarm needs, so the same alarms
# fire on AWS and on emulators that know neither.
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.emulated ? {} : var.alarms

  alarm_name        = each.key
  alarm_description = each.value.description

  namespace           = var.namespace
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = local.alarm_period_seconds
  evaluation_periods  = 1
  treat_missing_data  = local.treat_missing_data

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# The same alarms on an emulator. MiniStack keeps all of an alarm and obeys it, but leaves half of it out of the XML
# that this provider reads it back from: each plan would then change every alarm again. A stack is compared by its
# template, so it does not.
resource "aws_cloudformation_stack" "alarms" {
  # checkov:skip=CKV_AWS_124: Only an emulator gets this stack.
  count = var.emulated ? 1 : 0

  name = var.topic_name

  template_body = jsonencode({
    Resources = {
      for name, alarm in var.alarms : replace(title(replace(name, "-", " ")), " ", "") => {
        Type = "AWS::CloudWatch::Alarm"
        Properties = {
          AlarmName          = name
          AlarmDescription   = alarm.description
          Namespace          = var.namespace
          MetricName         = alarm.metric
          Statistic          = alarm.statistic
          ComparisonOperator = "GreaterThanThreshold"
          Threshold          = alarm.threshold
          Period             = local.alarm_period_seconds
          EvaluationPeriods  = 1
          TreatMissingData   = local.treat_missing_data
          AlarmActions       = [aws_sns_topic.alarms.arn]
          OKActions          = [aws_sns_topic.alarms.arn]
        }
      }
    }
  })
}

locals {
  alarm_period_seconds = 300
  # No data means that nothing was ingested, not that something is wrong.
  treat_missing_data = "notBreaching"
}

locals {
  # Widgets by row; a row's widgets share its width of 24.
  dashboard_rows = [
    [
      {
        type = "alarm"
        properties = {
          title  = "Alarms"
          alarms = [for name in keys(var.alarms) : "arn:${var.partition}:cloudwatch:${var.region}:${var.account_id}:alarm:${name}"]
        }
      },
    ],
    [
      {
        type = "metric"
        properties = {
          title   = "Documents ingested, chunks failed"
          stat    = "Sum"
          metrics = [for metric in ["IngestedDocuments", "DocumentsWithWarnings", "FailedChunks"] : [var.namespace, metric]]
        }
      },
      {
        type = "metric"
        properties = {
          title   = "Processing duration (s)"
          stat    = "Average"
          metrics = [[var.namespace, "ProcessingDuration"], [var.namespace, "ProcessingDuration", { stat = "p95", label = "p95" }]]
        }
      },
      {
        type = "metric"
        properties = {
          title   = "Answer duration (s)"
          stat    = "Average"
          metrics = [[var.namespace, "AnswerDuration"], [var.namespace, "AnswerDuration", { stat = "p95", label = "p95" }]]
        }
      },
      {
        type = "metric"
        properties = {
          title   = "Failure rate (%)"
          stat    = "Average"
          metrics = [[var.namespace, "FailureRate"]]
        }
      },
    ],
    [
      {
        type = "metric"
        properties = {
          title   = "Queue depth, dead letters, stuck documents"
          stat    = "Maximum"
          metrics = [for metric in ["QueueDepth", "DeadLetters", "StuckDocuments"] : [var.namespace, metric]]
        }
      },
      {
        type = "metric"
        properties = {
          title   = "Chroma errors"
          stat    = "Sum"
          metrics = [[var.namespace, "ChromaDBErrors"]]
        }
      },
      {
        type = "metric"
        properties = {
          title   = "Age of the oldest message (s)"
          stat    = "Maximum"
          metrics = [for name in concat(var.queue_names, var.dead_letter_queue_names) : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name]]
        }
      },
    ],
    [
      for title, source in {
        "Function errors"             = { metric = "Errors", stat = "Sum" }
        "Function throttles"          = { metric = "Throttles", stat = "Sum" }
        "Function duration, p95 (ms)" = { metric = "Duration", stat = "p95" }
      } :
      {
        type = "metric"
        properties = {
          title   = title
          stat    = source.stat
          metrics = [for name in var.function_names : ["AWS/Lambda", source.metric, "FunctionName", name]]
        }
      }
    ],
  ]

  row_height = 6
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.dashboard_name

  dashboard_body = jsonencode({
    widgets = flatten([
      for row, widgets in local.dashboard_rows : [
        for column, widget in widgets : {
          type   = widget.type
          x      = column * (24 / length(widgets))
          y      = row * local.row_height
          width  = 24 / length(widgets)
          height = local.row_height
          properties = merge(
            widget.properties,
            # Not a conditional: that would make one type of both sides, and text of the number.
            { for key, value in { region = var.region, period = 300, view = "timeSeries" } : key => value if widget.type == "metric" },
          )
        }
      ]
    ])
  })
}
