// The member's page to take the money: opens WeChat's own sheet; outside WeChat it only says where to go.
"use strict";
(function () {
  var button = document.getElementById("take"), where = document.getElementById("where");
  if (!button) return;
  function said(answer) {
    var word = String(answer && answer.err_msg || "");
    if (word.indexOf(":ok") > 0) location.reload();
    else if (where) where.textContent = "没有完成，可以再点一次";
  }
  button.addEventListener("click", function () {
    if (!window.WeixinJSBridge) return;
    window.WeixinJSBridge.invoke("requestMerchantTransfer",
      { mchId: button.dataset.mch, appId: button.dataset.app, package: button.dataset.package }, said);
  });
})();
