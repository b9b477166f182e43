use proptest::prelude::*;

use super::*;

fn names(script: &str) -> Vec<String> {
    metric_proposals(script).into_iter().map(|it| it.name).collect()
}

/// Every proposal finds its number in a line that Python really prints.
fn finds(script: &str, real: &str, wanted: &[(&str, f64)]) {
    let proposals = metric_proposals(script);
    assert_eq!(
        proposals.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        wanted.iter().map(|it| it.0).collect::<Vec<_>>(),
        "{script}"
    );
    for (proposal, (name, value)) in proposals.iter().zip(wanted) {
        let made = MetricDefinition::parse(name, &proposal.regex).expect("a valid definition");
        assert_eq!(made.value_in(real), Some(*value), "{name}: {} in {real}", proposal.regex);
        assert_eq!(made.value_in(&proposal.example), Some(proposal.value), "{name} in its own example");
    }
}

#[test]
fn every_way_to_format_is_read() {
    let real = "epoch=3 loss=0.2500";
    for script in [
        "print(\"epoch=%d loss=%.4f\" % (epoch, loss))",
        "print(f\"epoch={epoch} loss={loss:.4f}\", flush=True)",
        "print('epoch={} loss={:.4f}'.format(epoch, loss))",
        "print('epoch={0} loss={1:.4f}'.format(epoch, loss))",
        "print('epoch={e} loss={l:.4f}'.format(e=epoch, l=loss))",
        "print('epoch=' + str(epoch) + ' loss=' + str(loss))",
        "print('epoch=%(epoch)d loss=%(loss).4f' % values)",
        "print(f'epoch={epoch} '\n      f'loss={loss:.4f}')",
        "print(f'{epoch=} {loss=:.4f}')",
        "logger.info('epoch=%d loss=%.4f', epoch, loss)",
        "logging.info(f'epoch={epoch} loss={loss}')",
        "tqdm.write('epoch=%d loss=%8.4f' % (epoch, loss))",
        "sys.stdout.write('epoch=%d loss=%g\\n' % (epoch, loss))",
    ] {
        finds(script, real, &[("loss", 0.25)]);
    }
    finds("print('loss', loss, 'acc:', acc.item())", "loss 0.25 acc: 0.5", &[("loss", 0.25), ("acc", 0.5)]);
    finds("print({'loss': loss, 'epoch': epoch})", "{'loss': 0.25, 'epoch': 3}", &[("loss", 0.25)]);
    finds(
        "print(json.dumps({\"val_loss\": v, \"step\": s}))",
        "{\"val_loss\": 0.25, \"step\": 3}",
        &[("val_loss", 0.25)],
    );
}

#[test]
fn numbers_are_told_apart() {
    finds(
        "print(f'epoch {e}: train loss {a:.4f}, val loss {b:.4f}')",
        "epoch 3: train loss 0.2500, val loss 0.5000",
        &[("train_loss", 0.25), ("val_loss", 0.5)],
    );
    finds("print(f'val_loss={v:.3f} loss={t:.3f}')", "val_loss=0.500 loss=0.250", &[("val_loss", 0.5), ("loss", 0.25)]);
    // Two statements whose labels end alike.
    let script = "print(f'val loss={v:.3f}')\nprint(f'loss={t:.3f}')";
    let proposals = metric_proposals(script);
    let loss = proposals.iter().find(|it| it.name == "loss").expect("the second statement's");
    let made = MetricDefinition::parse("loss", &loss.regex).expect("valid");
    assert_eq!((made.value_in("val loss=0.5"), made.value_in("loss=0.25")), (None, Some(0.25)), "{}", loss.regex);
}

#[test]
fn lines_of_well_known_examples() {
    let mnist = "print('Train Epoch: {} [{}/{} ({:.0f}%)]\\tLoss: {:.6f}'.format(\n    epoch, batch_idx * len(data), \
                 len(train_loader.dataset),\n    100. * batch_idx / len(train_loader), loss.item()))";
    finds(mnist, "Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.109651", &[("loss", 2.109_651)]);
    let gpt = "print(f\"step {iter_num}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}\")";
    finds(gpt, "step 250: train loss 2.3100, val loss 2.3500", &[("train_loss", 2.31), ("val_loss", 2.35)]);
    let scientific = "print(f'lr: {lr:.3e}')";
    finds(scientific, "lr: 4.500e-05", &[("lr", 4.5e-5)]);
}

#[test]
fn frameworks_print_by_themselves() {
    let trainer = "from transformers import Trainer\ntrainer = Trainer(model=model)\ntrainer.train()";
    assert_eq!(names(trainer), ["loss", "grad_norm", "learning_rate", "eval_loss"]);
    for line in ["{'loss': 0.5, 'epoch': 1.0}", "{'loss': '0.5', 'epoch': '1'}"] {
        let loss = MetricDefinition::parse("loss", &metric_proposals(trainer)[0].regex).expect("valid");
        assert_eq!(loss.value_in(line), Some(0.5), "{line}");
    }
    let keras =
        "import keras\nmodel.compile('adam', loss='mse', metrics=['accuracy'])\nmodel.fit(x, y, validation_split=0.1)";
    finds(
        keras,
        "469/469 [====] - 2s 5ms/step - loss: 0.25 - accuracy: 0.5 - val_loss: 0.75 - val_accuracy: 1.0",
        &[("loss", 0.25), ("accuracy", 0.5), ("val_loss", 0.75), ("val_accuracy", 1.0)],
    );
    let lightning = "import lightning as L\nself.log('train_loss', loss, prog_bar=True)\nself.log('quiet', x)";
    finds(lightning, "Epoch 3: 50%| 10/20 [00:01<00:01, 9.5it/s, v_num=0, train_loss=0.25]", &[("train_loss", 0.25)]);
}

#[test]
fn what_is_no_metric_is_not_proposed() {
    for script in [
        "print('hello')",
        "print(f'device: {device}')",
        "print('epoch', epoch)",
        "# print(f'loss={loss:.4f}')",
        "text = \"print(f'loss={loss:.4f}')\"",
        "logger.debug(f'loss={loss:.4f}')",
        "print(f'{name}: {value}')",
    ] {
        assert_eq!(names(script), Vec::<String>::new(), "{script}");
    }
}

#[test]
fn letters_beyond_ascii_stand_anywhere() {
    finds("print(f'é {loss:.4f}')", "é 0.2500", &[("é", 0.25)]);
    for script in ["print('%f' % λ(x))", "print('loss {}'.formaté(x))", "print(f'größe {loss}')"] {
        metric_proposals(script);
    }
}

#[test]
fn a_full_stop_after_a_number_is_no_part_of_it() {
    let proposals = metric_proposals("print(f'Loss: {loss:.2f}.')");
    let made = MetricDefinition::parse("loss", &proposals[0].regex).expect("valid");
    assert_eq!(made.value_in("Loss: 0.25."), Some(0.25));
    assert!(made.value_in("Loss: nan").is_some_and(f64::is_nan));
}

proptest! {
    #[test]
    fn any_script_is_read_and_every_proposal_is_a_definition_that_finds_its_number(
        script in "(print\\(|f?['\"{}%]|loss|=|:|\\.4f|,|\\)|\\n|é| |\\\\|[a-z0-9]){0,60}",
    ) {
        for it in metric_proposals(&script) {
            let made = MetricDefinition::parse(&it.name, &it.regex).expect("valid");
            prop_assert_eq!(made.value_in(&it.example), Some(it.value));
        }
    }
}
