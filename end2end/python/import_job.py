"""Creates a training job at AWS_ENDPOINT_URL, as a script of a user would, and prints its name.

The browser spec runs it to see that jobs of other clients appear on the dashboard.
"""

import sys

import boto3

import jobs

clients = {}


def aws(service):
    if service not in clients:
        clients[service] = boto3.client(service)
    return clients[service]


if __name__ == "__main__":
    epochs, pause = sys.argv[1:3]
    print(jobs.create(aws, hyperparameters={"epochs": epochs, "pause": pause}))
