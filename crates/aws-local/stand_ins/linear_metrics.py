"""Losses, their gradients, and scores of linear models."""

import numpy


def sigmoid(margin):
    return 1 / (1 + numpy.exp(-numpy.clip(margin, -500, 500)))


def softmax(margins):
    shifted = numpy.exp(margins - margins.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


class Loss:
    """`value` and `slope` (by the margins) are means and terms over rows; margins are a matrix of one column a class."""

    def __init__(self, name, parameters):
        self.name, self.parameters = name, parameters

    def value(self, margins, labels, weights):
        terms = getattr(self, self.name)(margins, labels)[0]
        return float(numpy.average(terms, weights=weights))

    def slope(self, margins, labels):
        return getattr(self, self.name)(margins, labels)[1]

    def squared_loss(self, margins, labels):
        gap = margins[:, 0] - labels
        return gap**2, 2 * gap[:, None]

    def absolute_loss(self, margins, labels):
        gap = margins[:, 0] - labels
        return numpy.abs(gap), numpy.sign(gap)[:, None]

    def huber_loss(self, margins, labels):
        gap, delta = margins[:, 0] - labels, self.parameters["huber_delta"]
        near = numpy.abs(gap) <= delta
        terms = numpy.where(near, gap**2 / 2, delta * (numpy.abs(gap) - delta / 2))
        return terms, numpy.clip(gap, -delta, delta)[:, None]

    def quantile_loss(self, margins, labels):
        gap, quantile = labels - margins[:, 0], self.parameters["quantile"]
        terms = numpy.maximum(quantile * gap, (quantile - 1) * gap)
        return terms, numpy.where(gap > 0, -quantile, 1 - quantile)[:, None]

    def eps_insensitive_squared_loss(self, margins, labels):
        gap = margins[:, 0] - labels
        over = numpy.sign(gap) * numpy.maximum(numpy.abs(gap) - self.parameters["loss_insensitivity"], 0)
        return over**2, 2 * over[:, None]

    def eps_insensitive_absolute_loss(self, margins, labels):
        gap = margins[:, 0] - labels
        over = numpy.maximum(numpy.abs(gap) - self.parameters["loss_insensitivity"], 0)
        return over, (numpy.sign(gap) * (over > 0))[:, None]

    def logistic(self, margins, labels):
        margin = margins[:, 0]
        terms = numpy.logaddexp(0, margin) - labels * margin
        return terms, (sigmoid(margin) - labels)[:, None]

    def hinge_loss(self, margins, labels):
        signs = 2 * labels - 1
        over = numpy.maximum(1 - signs * margins[:, 0], 0)
        return over, (-signs * (over > 0))[:, None]

    def softmax_loss(self, margins, labels):
        chances = softmax(margins)
        rows = numpy.arange(len(labels))
        terms = -numpy.log(numpy.maximum(chances[rows, labels.astype(int)], 1e-300))
        chances[rows, labels.astype(int)] -= 1
        return terms, chances


def area_under_roc(scores, labels):
    """The chance that a positive has a higher score than a negative; equal scores count half."""
    _, places, counts = numpy.unique(scores, return_inverse=True, return_counts=True)
    ranks = (numpy.cumsum(counts) - (counts - 1) / 2)[places]
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def binary_scores(scores, labels, threshold, beta):
    found = scores >= threshold
    hits = float((found & (labels == 1)).sum())
    precision = hits / found.sum() if found.any() else 0.0
    recall = hits / labels.sum() if labels.any() else 0.0
    weight = beta**2
    f_beta = (1 + weight) * precision * recall / (weight * precision + recall) if hits else 0.0
    return {
        "binary_classification_accuracy": float((found == (labels == 1)).mean()),
        f"binary_f_{beta:.3f}": f_beta,
        "precision": precision,
        "recall": recall,
        "roc_auc_score": area_under_roc(scores, labels),
    }


def regression_losses(predictions, labels):
    gap = predictions - labels
    mse = float((gap**2).mean())
    return {"mse": mse, "absolute_loss": float(numpy.abs(gap).mean()), "rmse": mse**0.5}
