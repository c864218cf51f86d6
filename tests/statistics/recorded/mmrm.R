# MMRM with unstructured covariance on ratings with missing visits: nlme (estimates, standard errors), numerical
# derivatives of the REML likelihood (Satterthwaite), pbkrtest (Kenward-Roger).
# Run from this folder: Rscript mmrm.R > mmrm.txt
suppressMessages({library(nlme); library(lme4); library(pbkrtest)})
wide <- read.csv("mmrm.csv")
visits <- grep("visit", names(wide), value = TRUE)
long <- reshape(wide, direction = "long", varying = visits, v.names = "score", idvar = "person", timevar = "visit")
long <- long[!is.na(long$score), ]
long <- long[order(long$person, long$visit), ]
long$visit_f <- factor(long$visit)
fit <- gls(score ~ 0 + visit_f + visit_f:drug + visit_f:baseline, data = long, method = "REML",
           correlation = corSymm(form = ~ visit | person), weights = varIdent(form = ~ 1 | visit_f),
           control = glsControl(maxIter = 500, msMaxIter = 500, tolerance = 1e-12, msTol = 1e-12, apVar = FALSE))
# the covariance again, as a free symmetric matrix, polished by Newton steps on the REML deviance
X <- model.matrix(fit, long); y <- long$score
K <- length(visits); pick <- which(lower.tri(diag(K), diag = TRUE))
deviance_of <- function(theta) {
  S <- matrix(0, K, K); S[pick] <- theta; S <- S + t(S) - diag(diag(S))
  V <- matrix(0, length(y), length(y))
  for (rows in split(seq_along(y), long$person)) V[rows, rows] <- S[long$visit[rows], long$visit[rows]]
  R <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(R)) return(1e10)
  Z <- backsolve(R, cbind(X, y), transpose = TRUE); q <- qr(Z[, -ncol(Z)])
  2 * sum(log(diag(R))) + 2 * sum(log(abs(diag(qr.R(q))))) + sum(qr.resid(q, Z[, ncol(Z)])^2)
}
covariance_of <- function(theta) {
  S <- matrix(0, K, K); S[pick] <- theta; S <- S + t(S) - diag(diag(S))
  V <- matrix(0, length(y), length(y))
  for (rows in split(seq_along(y), long$person)) V[rows, rows] <- S[long$visit[rows], long$visit[rows]]
  W <- solve(V); solve(t(X) %*% W %*% X)
}
full <- wide$person[complete.cases(wide[, visits])]
corr <- corMatrix(fit$modelStruct$corStruct)[[as.character(full[1])]]
sds <- fit$sigma * c(1, coef(fit$modelStruct$varStruct, unconstrained = FALSE))
S <- corr * outer(sds, sds)
best <- optim(S[pick], deviance_of, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000, ndeps = rep(1e-4, length(pick)), parscale = abs(S[pick])))
theta <- best$par
H <- optimHess(theta, deviance_of, control = list(ndeps = rep(2e-3, length(theta))))
slot <- which(colnames(X) == sprintf("visit_f%d:drug", K))
gradient <- sapply(seq_along(theta), function(k) {
  up <- theta; down <- theta; h <- 1e-3; up[k] <- up[k] + h; down[k] <- down[k] - h
  (covariance_of(up)[slot, slot] - covariance_of(down)[slot, slot]) / (2 * h)
})
v <- covariance_of(theta)[slot, slot]
df <- 2 * v^2 / drop(t(gradient) %*% solve(H / 2) %*% gradient)
cat(sprintf("deviance %.10g %.10g\n", deviance_of(S[pick]), best$value))
cat(sprintf("estimate %.10g\nse %.10g\n", coef(fit)[slot], sqrt(vcov(fit)[slot, slot])))
cat(sprintf("covariance_last %.10g\n", S[K, K]))
cat(sprintf("satterthwaite_df %.10g\n", df))
mixed <- suppressWarnings(lmer(score ~ 0 + visit_f + visit_f:drug + visit_f:baseline + (0 + visit_f | person), long, REML = TRUE,
  control = lmerControl(optimizer = "bobyqa", check.nobs.vs.nRE = "ignore", calc.derivs = FALSE, optCtrl = list(maxfun = 1e6, rhoend = 1e-10))))
L <- rep(0, length(fixef(mixed))); L[names(fixef(mixed)) == sprintf("visit_f%d:drug", K)] <- 1
kr <- KRmodcomp(mixed, matrix(L, 1))
cat(sprintf("kr_df %.10g\n", kr$test["Ftest", "ddf"]))
cat(sprintf("kr_se %.10g\n", sqrt(drop(t(L) %*% as.matrix(vcovAdj(mixed)) %*% L))))
cat(R.version.string, "nlme", as.character(packageVersion("nlme")), "pbkrtest", as.character(packageVersion("pbkrtest")), "\n")
