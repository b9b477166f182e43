//! Runs that are searched, exported and archived over HTTP.

use domain::{ids::RunId, run::RunBadge};
use serde_json::{Value, json};

use crate::harness::{Client, LaunchForm, QUICK_SCRIPT, TestApp};

async fn get(client: &Client, path: &str, query: &[(&str, &str)]) -> (u16, String) {
    let answer = client.get(path).query(query).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

async fn read(client: &Client, path: &str, query: &[(&str, &str)]) -> Value {
    let (status, text) = get(client, path, query).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn ids(list: &Value) -> Vec<&str> {
    list["runs"].as_array().expect("runs").iter().filter_map(|it| it["id"].as_str()).collect()
}

async fn over(app: &TestApp, epochs: &str) -> RunId {
    let form = LaunchForm::script(QUICK_SCRIPT)
        .set("HyperParameters[0].value", epochs)
        .add("HyperParameters[1].name", "note")
        .add("HyperParameters[1].value", "=1+1");
    let id = app.launch(form).await;
    assert_eq!(app.wait_for_end(&id).await.badge(), RunBadge::Completed);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_searched_ordered_and_exported() {
    let app = TestApp::start().await;
    let (first, second) = (over(&app, "3").await, over(&app, "20").await);
    let (first, second) = (first.as_str(), second.as_str());

    let newest = read(&app, "/api/v1/runs", &[]).await;
    assert_eq!(ids(&newest), [second, first]);
    let found = read(&app, "/api/v1/runs", &[("search", "params.epochs < 10 AND status = completed")]).await;
    assert_eq!((ids(&found), found["total"].as_u64()), (vec![first], Some(1)));
    let ordered = [("search", "duration >= 0"), ("order", "params.epochs"), ("limit", "1"), ("offset", "1")];
    let ordered = read(&app, "/api/v1/runs", &ordered).await;
    assert_eq!(
        (ids(&ordered), ordered["total"].as_u64(), &ordered["next_before"]),
        (vec![second], Some(2), &Value::Null)
    );
    let older = read(&app, "/api/v1/runs", &[("search", "status = completed"), ("before", second)]).await;
    assert_eq!((ids(&older), older["total"].as_u64()), (vec![first], Some(2)), "the total is that of all pages");

    for (query, field, said) in [
        (
            vec![("search", "wine AND statu = failed")],
            "search",
            "At character 10: `statu` is no field: did you mean `status`?",
        ),
        (vec![("order", "metrics.loss down")], "order", "At character 14"),
        (vec![("order", "cost"), ("before", first)], "before", "go on with `offset`"),
    ] {
        let (status, text) = get(&app, "/api/v1/runs", &query).await;
        let problem: Value = serde_json::from_str(&text).expect("a problem");
        assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some(field)), "{text}");
        assert!(problem["errors"][0]["message"].as_str().is_some_and(|it| it.contains(said)), "{text}");
    }

    let columns = ("columns", "params.epochs, params.note, status, metrics.none, cost");
    let (status, table) = get(&app, "/api/v1/runs.csv", &[columns, ("order", "params.epochs desc")]).await;
    assert_eq!(status, 200);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "id,params.epochs,params.note,status,metrics.none,cost");
    assert!(lines[1].starts_with(&format!("{second},20,'=1+1,completed,,")), "{table}");
    assert!(lines[2].starts_with(&format!("{first},3,'=1+1,completed,,")), "{table}");
    assert_eq!(lines.len(), 3);
    let exported = read(&app, "/api/v1/runs.json", &[columns, ("search", "params.epochs = 3")]).await;
    assert_eq!(exported.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&exported[0]["id"], &exported[0]["params.epochs"], &exported[0]["metrics.none"]),
        (&json!(first), &json!("3"), &Value::Null)
    );
    assert!(exported[0]["cost"].is_string(), "dollars are exact: {exported}");
    assert_eq!(read(&app, "/api/v1/runs.json", &[("search", "nothing-like-this")]).await, json!([]));
    let (status, text) = get(&app, "/api/v1/runs.csv", &[("columns", "cost,,")]).await;
    assert!(status == 422 && text.contains("columns"), "{text}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_run_is_left_out_of_lists() {
    let app = TestApp::start().await;
    let id = over(&app, "3").await;
    let post = async |deed: &str| {
        let answer = app.post(&format!("/api/v1/runs/{id}/{deed}")).send().await.expect("an answer");
        answer.status().as_u16()
    };
    assert_eq!((post("archive").await, post("archive").await), (200, 200));
    assert_eq!(read(&app, "/api/v1/runs", &[]).await["total"], 0);
    let archived = read(&app, "/api/v1/runs", &[("search", "archived = true")]).await;
    assert_eq!(ids(&archived), [id.as_str()]);
    assert_eq!(post("unarchive").await, 200);
    assert_eq!(read(&app, "/api/v1/runs", &[]).await["total"], 1);

    let running = app.launch(LaunchForm::script(&crate::harness::slow_script(6_000))).await;
    let refused = app.post(&format!("/api/v1/runs/{running}/archive")).send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 409);
    let stopped = app.services.run_stop_many(&[running.clone(), id.clone()]).await.expect("outcomes");
    assert_eq!(stopped, [(running.clone(), services::StopOutcome::Stopping), (id, services::StopOutcome::Over)]);
    app.wait_for_end(&running).await;
    app.stop().await;
}
