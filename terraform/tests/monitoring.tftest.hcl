# The alarms are the same on AWS and on an emulator, and they notify.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  topic_name     = "portfolio-alarms"
  dashboard_name = "portfolio-pipeline"
  account_id     = "123456789012"
  partition      = "aws"
  region         = "eu-central-1"
  emails         = ["oncall@example.com"]
  namespace      = "PortfolioRAG"
  alarms = {
    portfolio-queue-depth = { description = "Too deep", metric = "QueueDepth", statistic = "Maximum", threshold = 100 }
  }
  function_names          = ["document-intake"]
  queue_names             = ["portfolio-ingestion-queue"]
  dead_letter_queue_names = ["portfolio-ingestion-dlq"]
}

run "on_aws" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    emulated = false
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].metric_name == "QueueDepth"
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].namespace == "PortfolioRAG"
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].statistic == "Maximum"
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].threshold == 100
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].comparison_operator == "GreaterThanThreshold"
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].period == 300
      && aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].treat_missing_data == "notBreaching"
    )
    error_message = "The alarm does not watch what it is named after, over 5 minutes."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].alarm_actions == toset([aws_sns_topic.alarms.arn])
    error_message = "The alarm notifies nobody."
  }

  # An emulator may know neither dimensions nor maths: an alarm that needs them would be tested nowhere.
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].dimensions == null && length(aws_cloudwatch_metric_alarm.this["portfolio-queue-depth"].metric_query) == 0
    error_message = "The alarm needs dimensions or metric maths."
  }

  assert {
    condition     = length(aws_cloudformation_stack.alarms) == 0
    error_message = "On AWS, alarms are Terraform's own."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["oncall@example.com"].protocol == "email"
    error_message = "The address is not subscribed."
  }
}

run "on_an_emulator" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    emulated = true
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.alarms[0].template_body).Resources.PortfolioQueueDepth.Properties == {
      AlarmName          = "portfolio-queue-depth"
      AlarmDescription   = "Too deep"
      Namespace          = "PortfolioRAG"
      MetricName         = "QueueDepth"
      Statistic          = "Maximum"
      ComparisonOperator = "GreaterThanThreshold"
      Threshold          = 100
      Period             = 300
      EvaluationPeriods  = 1
      TreatMissingData   = "notBreaching"
      AlarmActions       = ["arn:aws:sns:eu-central-1:123456789012:mocked"]
      OKActions          = ["arn:aws:sns:eu-central-1:123456789012:mocked"]
    }
    error_message = "The alarm is another one than on AWS."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "The alarm is made twice."
  }
}

run "dashboard" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    emulated = false
  }

  assert {
    condition = alltrue([
      for metric in ["IngestedDocuments", "ProcessingDuration", "AnswerDuration", "FailedChunks", "ChromaDBErrors", "FailureRate", "QueueDepth", "DeadLetters", "StuckDocuments"] :
      strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "[\"PortfolioRAG\",\"${metric}\"")
    ])
    error_message = "A metric of the pipeline is not on the dashboard."
  }

  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.x + widget.width <= 24
    ])
    error_message = "A widget lies outside the dashboard."
  }
}
